package dev.drawbridge.hook;

import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What Docker's own files say about a container: {@code <data-root>/containers/<id>/config.v2.json}
 * and {@code hostconfig.json}, written when it was created and replaced by renames, so they can be
 * read while the engine holds its locks.
 *
 * @param id full id
 * @param name without the leading slash
 * @param image as the user named it, such as {@code nginx:1}
 * @param labels those of the container, its image's included; they cannot change after create
 * @param runtime the name it was created with; empty if the file does not say
 * @param networkMode such as {@code bridge}, {@code host}, {@code container:ID}, a network's name;
 *     empty if the file does not say
 * @param directory where the two files are
 */
public record DockerContainerFiles(
    String id,
    String name,
    String image,
    SortedMap<String, String> labels,
    String runtime,
    String networkMode,
    Path directory) {

  private static final String CONTAINERS = "containers";
  private static final String CONFIG = "config.v2.json";
  private static final Pattern DOCKER_FILE =
      Pattern.compile("/.*/containers/[0-9a-f]{64}/(hostname|hosts|resolv\\.conf)");

  public DockerContainerFiles {
    labels = Collections.unmodifiableSortedMap(new TreeMap<>(labels));
  }

  /**
   * Where Docker keeps this container's files, if it is Docker's.
   *
   * @param dataRoots data roots of the engines on this host, as configured; asked first, because a
   *     container in another one's network has that one's /etc/hostname mounted
   * @param spec asked next: the source of its /etc/hostname mount, believed only if it is exactly
   *     {@code …/containers/<id>/hostname} with this container's own id
   */
  public static Optional<Path> locate(String id, List<Path> dataRoots, OciSpec spec) {
    if (!OciState.plausibleId(id)) {
      return Optional.empty();
    }
    for (Path root : dataRoots) {
      Path directory = root.resolve(CONTAINERS).resolve(id);
      if (Files.isRegularFile(directory.resolve(CONFIG))) {
        return Optional.of(directory);
      }
    }
    String tail = "/" + CONTAINERS + "/" + id + "/hostname";
    return spec.mounts().stream()
        .filter(mount -> mount.destination().equals("/etc/hostname"))
        .map(OciSpec.Mount::source)
        .filter(source -> source.startsWith("/") && source.endsWith(tail))
        .filter(source -> Path.of(source).normalize().toString().equals(source))
        .map(source -> Path.of(source.substring(0, source.lastIndexOf('/'))))
        .filter(directory -> Files.isRegularFile(directory.resolve(CONFIG)))
        .findFirst();
  }

  /**
   * As {@link #locate}, but tells a container that is not Docker's (done, empty) from one of
   * Docker's whose files are out of sight (failed). Taking the second for the first would read its
   * labels as none, and none means open.
   */
  public static Attempt<Optional<Path>> find(String id, List<Path> dataRoots, OciSpec spec) {
    Optional<Path> found = locate(id, dataRoots, spec);
    if (found.isEmpty() && spec.mounts().stream().anyMatch(DockerContainerFiles::isDockers)) {
      return Attempt.failed(
          "the files of Docker container "
              + id
              + " are not below "
              + dataRoots
              + "; set Docker's data root in the agent's configuration");
    }
    return Attempt.done(found);
  }

  /** Docker mounts these three from a container's directory, its own or the one it joins. */
  private static boolean isDockers(OciSpec.Mount mount) {
    return DOCKER_FILE.matcher(mount.source()).matches();
  }

  /**
   * Reads both files.
   *
   * @param directory as {@link #locate} gave it
   */
  public static Attempt<DockerContainerFiles> read(Path directory) {
    Path configFile = directory.resolve(CONFIG);
    return JsonTree.read(configFile)
        .then(config -> of(directory, configFile, config, hostConfig(directory)));
  }

  private static Attempt<DockerContainerFiles> of(
      Path directory, Path configFile, JsonObject config, Attempt<JsonObject> host) {
    String id = JsonTree.string(config, "ID").orElse("");
    if (!id.equals(String.valueOf(directory.getFileName()))) {
      return Attempt.failed(configFile + " belongs to container \"" + id + "\"");
    }
    Optional<JsonObject> inner = JsonTree.object(config, "Config");
    if (inner.isEmpty()) {
      return Attempt.failed(configFile + " has no \"Config\"");
    }
    Optional<String> odd = oddLabel(inner.get());
    if (odd.isPresent()) {
      return Attempt.failed(configFile + " has " + odd.get());
    }
    String name = JsonTree.string(config, "Name").orElse("");
    return host.then(limits ->
        Attempt.done(
            new DockerContainerFiles(
                id,
                name.startsWith("/") ? name.substring(1) : name,
                JsonTree.string(inner.get(), "Image").orElse(""),
                JsonTree.strings(inner.get(), "Labels"),
                JsonTree.string(limits, "Runtime").orElse(""),
                JsonTree.string(limits, "NetworkMode").orElse(""),
                directory)));
  }

  /** Labels that are no strings must not read as "no labels": that would open the container. */
  private static Optional<String> oddLabel(JsonObject config) {
    var labels = config.get("Labels");
    if (labels == null || labels.isJsonNull()) {
      return Optional.empty();
    }
    if (!(labels instanceof JsonObject object)) {
      return Optional.of("\"Labels\" that are not an object");
    }
    return object.keySet().stream()
        .filter(key -> JsonTree.string(object, key).isEmpty())
        .map(key -> "a label \"" + key + "\" that is not a string")
        .findFirst();
  }

  /** An absent file only means that runtime and network mode are unknown. */
  private static Attempt<JsonObject> hostConfig(Path directory) {
    Path file = directory.resolve("hostconfig.json");
    return Files.exists(file) ? JsonTree.read(file) : Attempt.done(new JsonObject());
  }
}
