package dev.drawbridge.daemon.description;

import dev.drawbridge.control.EngineCapabilities;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.container.ImageFiles;
import dev.drawbridge.hook.Attempt;
import dev.drawbridge.hook.DockerContainerFiles;
import dev.drawbridge.hook.OciSpec;
import dev.drawbridge.runtime.ContainerdLookup;
import dev.drawbridge.runtime.podman.PodmanContainers;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Who a container is before it runs: by Docker's files, by Podman's, by containerd's record, or by
 * the annotations in its OCI bundle. Docker's API is never asked: it would deadlock here.
 */
public final class Descriptions {

  private static final System.Logger log = System.getLogger(Descriptions.class.getName());

  private static final Pattern BUILD = Pattern.compile("buildah[0-9]{1,20}");

  private final Config config;
  private final Optional<ContainerdLookup> containerd;
  private final Optional<PodmanContainers> podman;

  /**
   * @param containerd who knows containers that are not Docker's, if it is to be asked
   * @param podman Podman's state, if it is to be read
   */
  public Descriptions(
      Config config, Optional<ContainerdLookup> containerd, Optional<PodmanContainers> podman) {
    this.config = config;
    this.containerd = containerd;
    this.podman = podman;
  }

  /**
   * What is known of the container that a runtime is about to start from this bundle.
   *
   * @return a failure names what cannot be read, or what is missing
   */
  public Attempt<Described> of(String id, Path bundle) {
    return OciSpec.read(bundle).then(spec -> of(id, bundle, spec));
  }

  /** As {@link #of(String, Path)}, of a spec that was read. */
  public Attempt<Described> of(String id, Path bundle, OciSpec spec) {
    List<Path> roots =
        config.dataRoot().isEmpty() ? List.of() : List.of(Path.of(config.dataRoot()));
    return DockerContainerFiles.find(id, roots, spec)
        .then(directory ->
            directory.isEmpty()
                ? describedByOthers(id, bundle, spec)
                : DockerContainerFiles.read(directory.get())
                    .then(files -> Attempt.done(describedByDocker(files, spec))));
  }

  private Attempt<Described> describedByOthers(String id, Path bundle, OciSpec spec) {
    if (podman.isPresent() && isPodmans(id, bundle)) {
      return describedByPodman(podman.get(), id, spec);
    }
    return podman.isPresent() && isBuildStep(id, bundle)
        ? Attempt.done(buildStep(id, spec))
        : describedByContainerd(id, bundle, spec);
  }

  /** As Buildah, which is in Podman, makes bundles: TMPDIR/buildahNUMBER, by an id of that name. */
  static boolean isBuildStep(String id, Path bundle) {
    Path name = bundle.getFileName();
    return name != null && BUILD.matcher(name.toString()).matches() && id.equals("buildah-" + name);
  }

  /**
   * A step of {@code podman build}. Nobody gives it labels, and what its annotations say is what
   * will be the image's: it is a container without any.
   */
  private static Described buildStep(String id, OciSpec spec) {
    return new Described(
        id,
        id,
        "",
        new TreeMap<>(),
        Optional.of(new TreeMap<>()),
        "",
        spec.network() instanceof OciSpec.Network.Host ? "host" : ObservedContainer.OWN_NAMESPACE,
        List.of(),
        spec.capabilities());
  }

  /** As Podman makes a bundle: ROOT/DRIVER-containers/ID/userdata. */
  private boolean isPodmans(String id, Path bundle) {
    int names = bundle.getNameCount();
    if (names < 4
        || !bundle.getName(names - 1).toString().equals("userdata")
        || !bundle.getName(names - 2).toString().equals(id)
        || !bundle.getName(names - 3).toString().endsWith("-containers")) {
      return false;
    }
    Path root = bundle.resolve("../../..").normalize();
    try {
      return Files.isSameFile(root, Path.of(config.podmanRoot()));
    } catch (IOException e) {
      log.log(Level.DEBUG, "bundle " + bundle, e);
      return false;
    }
  }

  /** Podman's, below the storage root whose state is read: who is not in it is nobody. */
  private Attempt<Described> describedByPodman(PodmanContainers state, String id, OciSpec spec) {
    try {
      return state
          .find(id)
          .map(found -> describedBy(found, spec))
          .orElseGet(() ->
              Attempt.failed(
                  "Podman's state below "
                      + config.podmanRoot()
                      + " does not name container "
                      + shortened(id)
                      + ", which starts there"));
    } catch (IOException e) {
      return Attempt.failed(
          "Podman's state below "
              + config.podmanRoot()
              + " does not say who container "
              + shortened(id)
              + " is: "
              + e.getMessage());
    }
  }

  /** Not Docker's: containerd's, where it is asked and knows it. */
  private Attempt<Described> describedByContainerd(String id, Path bundle, OciSpec spec) {
    Optional<String> namespace = containerdNamespace(id, bundle);
    if (containerd.isEmpty() || namespace.isEmpty()) {
      return describedByAnnotations(id, spec);
    }
    try {
      Optional<ObservedContainer> found = containerd.get().find(namespace.get(), id);
      return found.isEmpty() ? describedByAnnotations(id, spec) : describedBy(found.get(), spec);
    } catch (IOException e) {
      return Attempt.failed(
          "containerd at "
              + config.containerdSocket()
              + " does not say who container "
              + shortened(id)
              + " is: "
              + e.getMessage());
    }
  }

  /** As containerd's shim makes a bundle: STATE/io.containerd.runtime.v2.task/NAMESPACE/ID. */
  static Optional<String> containerdNamespace(String id, Path bundle) {
    int names = bundle.getNameCount();
    return names > 2
            && bundle.getName(names - 1).toString().equals(id)
            && bundle.getName(names - 3).toString().equals("io.containerd.runtime.v2.task")
        ? Optional.of(bundle.getName(names - 2).toString())
        : Optional.empty();
  }

  private static Attempt<Described> describedBy(ObservedContainer found, OciSpec spec) {
    if (DockerContainerFiles.size(found.labels()) > DockerContainerFiles.MAX_LABELS) {
      return Attempt.failed(
          "container "
              + found.name()
              + " bears more than "
              + (DockerContainerFiles.MAX_LABELS >> 10)
              + " KiB of labels and annotations; give it fewer");
    }
    return Attempt.done(
        new Described(
            found.id(),
            found.name(),
            found.image(),
            found.labels(),
            found.imageKnown() ? Optional.of(found.imageLabels()) : Optional.empty(),
            found.runtimeName(),
            found.networkMode(),
            List.of(),
            spec.capabilities()));
  }

  /**
   * Not Docker's, and of no engine that is asked: its labels are where nobody reads them. Whoever
   * gives no annotation of ours may have given labels of ours that nobody read: unknown, and not
   * started.
   */
  private static Attempt<Described> describedByAnnotations(String id, OciSpec spec) {
    if (spec.annotations().keySet().stream().noneMatch(key -> key.startsWith("drawbridge."))) {
      return Attempt.failed(
          "container "
              + shortened(id)
              + " is not Docker's, and none of its annotations is Drawbridge's; give it one, such as"
              + " drawbridge.mode=enforce (ctr: --label, others: --annotation), or have the agent"
              + " ask containerd (containerdSocket) or read Podman's state (podmanRoot)");
    }
    return Attempt.done(
        new Described(
            id,
            shortened(id),
            "",
            spec.annotations(),
            Optional.empty(),
            "",
            spec.network() instanceof OciSpec.Network.Host
                ? "host"
                : ObservedContainer.OWN_NAMESPACE,
            List.of(),
            spec.capabilities()));
  }

  private static Described describedByDocker(DockerContainerFiles files, OciSpec spec) {
    return new Described(
        files.id(),
        files.name(),
        files.image(),
        files.labels(),
        ImageFiles.labels(files),
        files.runtime(),
        files.networkMode(),
        files.files(),
        spec.capabilities());
  }

  /** A container as Docker's files have it. */
  public static ObservedContainer observed(
      DockerContainerFiles files,
      Optional<SortedMap<String, String>> imageLabels,
      int pid,
      List<InetAddress> addresses,
      Set<String> capabilities) {
    return new ObservedContainer(
        files.id(),
        files.name(),
        files.labels(),
        imageLabels.orElseGet(TreeMap::new),
        imageLabels.isPresent(),
        files.image(),
        pid > 0,
        pid,
        addresses,
        files.runtime(),
        files.networkMode(),
        capabilities);
  }

  /** Those that Docker gave it, by its book. */
  public static List<InetAddress> addresses(DockerContainerFiles files) {
    List<InetAddress> found = new ArrayList<>();
    for (String literal : files.addresses()) {
      try {
        found.add(InetAddress.ofLiteral(literal));
      } catch (IllegalArgumentException e) {
        log.log(Level.DEBUG, "container " + files.name() + ": no address: " + literal);
      }
    }
    return found;
  }

  /** What Docker grants it, by its book. */
  public static Set<String> granted(DockerContainerFiles files) {
    return EngineCapabilities.of(
        files.granted().privileged(), files.granted().added(), files.granted().dropped());
  }

  /** An id as engines show it. */
  public static String shortened(String id) {
    return id.length() > 12 ? id.substring(0, 12) : id;
  }
}
