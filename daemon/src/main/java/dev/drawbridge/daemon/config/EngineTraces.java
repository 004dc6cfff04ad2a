package dev.drawbridge.daemon.config;

import dev.drawbridge.control.EngineKind;
import dev.drawbridge.hook.DockerContainerFiles;
import dev.drawbridge.runtime.podman.PodmanContainers;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What an engine that does not answer has left on the host. Nothing at all: it is not there, and
 * none of its containers is.
 */
public final class EngineTraces {

  private EngineTraces() {}

  /** Its socket, or what there is while it has containers. Also what cannot be told counts. */
  public static boolean of(Config config, EngineKind engine) {
    Path place = Path.of(config.placeOf(engine));
    if (engine != EngineKind.PODMAN && Files.exists(place)) {
      return true;
    }
    return switch (engine) {
      case DOCKER ->
          config.dataRoot().isEmpty() || DockerContainerFiles.anyBelow(Path.of(config.dataRoot()));
      // Podman has its directory before it has any container; its state comes with the first.
      case PODMAN -> !PodmanContainers.filesBelow(place).isEmpty() || anyNotDockers(config);
      case CONTAINERD -> anyNotDockers(config);
    };
  }

  private static boolean anyNotDockers(Config config) {
    return any(config.runDir().resolve("admitted")) || any(config.stateDir().resolve("exempt"));
  }

  private static boolean any(Path directory) {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory)) {
      return found.iterator().hasNext();
    } catch (IOException | DirectoryIteratorException e) {
      return Files.exists(directory);
    }
  }
}
