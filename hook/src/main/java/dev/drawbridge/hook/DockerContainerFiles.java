package dev.drawbridge.hook;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
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
 * @param pid its first process by the engine's book, empty if it has none
 * @param addresses on all its networks by the engine's book, as literals
 * @param granted what it was created with beyond, or short of, the engine's default capabilities
 * @param imageSource where its image's configuration is kept
 * @param directory where the two files are
 */
public record DockerContainerFiles(
    String id,
    String name,
    String image,
    SortedMap<String, String> labels,
    String runtime,
    String networkMode,
    OptionalInt pid,
    List<String> addresses,
    Granted granted,
    ImageSource imageSource,
    Path directory) {

  /** Most that all labels of a container may take, keys and values, in UTF-16 units. */
  public static final int MAX_LABELS = 256 << 10;

  /**
   * How capabilities were asked for.
   *
   * @param privileged all of them
   * @param added {@code CapAdd}, with or without CAP_, or ALL
   * @param dropped {@code CapDrop}, likewise
   */
  public record Granted(boolean privileged, List<String> added, List<String> dropped) {
    public Granted {
      added = List.copyOf(added);
      dropped = List.copyOf(dropped);
    }
  }

  /**
   * Names of an image in an engine's stores; each empty if the file does not say.
   *
   * @param id {@code sha256:…}: of its configuration, or with containerd's store of its index
   * @param driver of its layers
   * @param manifest digest of the one manifest, with containerd's store, that the container is of
   */
  public record ImageSource(String id, String driver, String manifest) {}

  private static final String CONTAINERS = "containers";
  private static final String CONFIG = "config.v2.json";
  private static final String HOST_CONFIG = "hostconfig.json";
  private static final Set<String> OF_CONFIG =
      Set.of(
          "ID",
          "Name",
          "Image",
          "Driver",
          "ImageManifest.digest",
          "Config.Image",
          "Config.Labels",
          "State.Pid",
          "NetworkSettings.Networks");
  private static final Set<String> OF_HOST =
      Set.of("Runtime", "NetworkMode", "Privileged", "CapAdd", "CapDrop");
  private static final Pattern REMAPPED = Pattern.compile("[0-9]{1,10}\\.[0-9]{1,10}");
  private static final Pattern DOCKER_FILE =
      Pattern.compile("/.*/containers/[0-9a-f]{64}/(hostname|hosts|resolv\\.conf)");

  public DockerContainerFiles {
    labels = Collections.unmodifiableSortedMap(new TreeMap<>(labels));
    addresses = List.copyOf(addresses);
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
      Optional<Path> directory = below(root, id);
      if (directory.isPresent()) {
        return directory;
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
   * Where a container's files are in a data root. With {@code userns-remap} an engine keeps
   * everything in a directory of its data root that is named after the user and group that are root
   * in the containers; what the engine calls its data root then is that directory.
   */
  public static Optional<Path> below(Path dataRoot, String id) {
    return holding(dataRoot, id)
        .or(() ->
            remapped(dataRoot).stream().flatMap(root -> holding(root, id).stream()).findFirst());
  }

  /** Whether there may be any container's directory below a data root. */
  public static boolean anyBelow(Path dataRoot) {
    return any(dataRoot) || remapped(dataRoot).stream().anyMatch(DockerContainerFiles::any);
  }

  private static boolean any(Path root) {
    Path containers = root.resolve(CONTAINERS);
    try (DirectoryStream<Path> found = Files.newDirectoryStream(containers)) {
      return found.iterator().hasNext();
    } catch (IOException | DirectoryIteratorException e) {
      return Files.exists(containers);
    }
  }

  private static Optional<Path> holding(Path root, String id) {
    return Optional.of(root.resolve(CONTAINERS).resolve(id))
        .filter(directory -> Files.isRegularFile(directory.resolve(CONFIG)));
  }

  private static List<Path> remapped(Path dataRoot) {
    List<Path> roots = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(dataRoot)) {
      for (Path entry : entries) {
        if (REMAPPED.matcher(String.valueOf(entry.getFileName())).matches()) {
          roots.add(entry);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      return List.of();
    }
    return roots;
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
    return JsonParts.read(configFile, OF_CONFIG)
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
    var labels = JsonTree.strings(inner.get(), "Labels");
    if (size(labels) > MAX_LABELS) {
      return Attempt.failed(
          "container "
              + (name.startsWith("/") ? name.substring(1) : name)
              + " bears more than "
              + (MAX_LABELS >> 10)
              + " KiB of labels, its image's included; give it fewer, or build the image with"
              + " fewer");
    }
    return host.then(limits ->
        Attempt.done(
            new DockerContainerFiles(
                id,
                name.startsWith("/") ? name.substring(1) : name,
                JsonTree.string(inner.get(), "Image").orElse(""),
                labels,
                JsonTree.string(limits, "Runtime").orElse(""),
                JsonTree.string(limits, "NetworkMode").orElse(""),
                pid(config),
                addresses(config),
                new Granted(
                    JsonTree.isTrue(limits, "Privileged"),
                    JsonTree.list(limits, "CapAdd"),
                    JsonTree.list(limits, "CapDrop")),
                new ImageSource(
                    JsonTree.string(config, "Image").orElse(""),
                    JsonTree.string(config, "Driver").orElse(""),
                    JsonTree.object(config, "ImageManifest")
                        .flatMap(manifest -> JsonTree.string(manifest, "digest"))
                        .orElse("")),
                directory)));
  }

  /** Those that this was read from. */
  public List<Path> files() {
    return List.of(directory.resolve(CONFIG), directory.resolve(HOST_CONFIG));
  }

  /** What these labels take of {@link #MAX_LABELS}. */
  public static int size(Map<String, String> labels) {
    long size = 0;
    for (Map.Entry<String, String> label : labels.entrySet()) {
      size += label.getKey().length() + label.getValue().length();
    }
    return (int) Math.min(size, Integer.MAX_VALUE);
  }

  private static OptionalInt pid(JsonObject config) {
    long pid =
        JsonTree.object(config, "State").map(s -> JsonTree.number(s, "Pid").orElse(0)).orElse(0L);
    return pid > 0 && pid <= Integer.MAX_VALUE ? OptionalInt.of((int) pid) : OptionalInt.empty();
  }

  private static List<String> addresses(JsonObject config) {
    List<String> found = new ArrayList<>();
    JsonTree.object(config, "NetworkSettings")
        .flatMap(settings -> JsonTree.object(settings, "Networks"))
        .ifPresent(networks -> {
          for (String name : networks.keySet()) {
            JsonTree.object(networks, name)
                .ifPresent(network -> {
                  for (String key : List.of("IPAddress", "GlobalIPv6Address")) {
                    JsonTree.string(network, key).filter(s -> !s.isEmpty()).ifPresent(found::add);
                  }
                });
          }
        });
    return found;
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
    Path file = directory.resolve(HOST_CONFIG);
    return Files.exists(file) ? JsonParts.read(file, OF_HOST) : Attempt.done(new JsonObject());
  }
}
