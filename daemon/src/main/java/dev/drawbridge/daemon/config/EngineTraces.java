package dev.drawbridge.daemon.config;

import dev.drawbridge.control.EngineKind;
import dev.drawbridge.hook.DockerContainerFiles;
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
    if (Files.exists(Path.of(config.socketOf(engine)))) {
      return true;
    }
    return switch (engine) {
      case DOCKER ->
          config.dataRoot().isEmpty() || DockerContainerFiles.anyBelow(Path.of(config.dataRoot()));
      case CONTAINERD ->
          any(config.runDir().resolve("admitted")) || any(config.stateDir().resolve("exempt"));
    };
  }

  private static boolean any(Path directory) {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory)) {
      return found.iterator().hasNext();
    } catch (IOException | DirectoryIteratorException e) {
      return Files.exists(directory);
    }
  }
}
