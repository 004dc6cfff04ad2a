package dev.drawbridge.daemon.config;

import com.google.gson.JsonObject;
import dev.drawbridge.bpf.abi.MapLimit;
import dev.drawbridge.bpf.abi.MapSizes;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.l7.LearnedNames;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Where the agent finds and puts things, from a file in which every key is optional. {@link
 * ConfigKey} is the table of the keys.
 *
 * @param runDir sockets, lock and counters; must not outlive the kernel (default {@code
 *     /run/drawbridge})
 * @param stateDir what outlives a reboot, such as the exempt list ({@code /var/lib/drawbridge})
 * @param bpffs the BPF file system that pins live on, mounted if need be ({@code /sys/fs/bpf})
 * @param dockerSocket Docker's API ({@code /var/run/docker.sock}); empty: no Docker
 * @param containerdSocket containerd's API, such as {@code /run/containerd/containerd.sock}, for
 *     containers that are not Docker's; empty (default): containerd is not asked
 * @param podmanRoot root's Podman's storage root, such as {@code /var/lib/containers/storage}, for
 *     the labels of its containers; empty (default): Podman's state is not read
 * @param dataRoot Docker's data root, where container files are ({@code /var/lib/docker}); empty:
 *     taken from each bundle
 * @param hookSocket where the hook and the runtime shim ask ({@code <runDir>/hook.sock})
 * @param hookProgram the hook that is entered into each container's OCI configuration
 * @param apiSocket the local API ({@code <runDir>/api.sock})
 * @param apiGroup group that may use the API's socket ({@code drawbridge}, if there is such a
 *     group); empty: root only
 * @param apiTcp verdicts, status and metrics on loopback, {@code 127.0.0.1:9807}; empty: off
 * @param policyDir host policy files ({@code /etc/drawbridge/policy.d})
 * @param defaultDeny whether a container that no rule selects is closed too (false)
 * @param unhooked what becomes of a container that started without the hook, until it is adopted:
 *     {@code allow} (default) or {@code deny}
 * @param imageLabels whether labels that only come from the image count as identity (true)
 * @param exempt containers that start unguarded: names, {@code *} as wildcard, or {@code key=value}
 * @param cgroup the agent's own cgroup, below the cgroup2 mount ({@code drawbridge})
 * @param flowRecords how many flow records are kept for the API (2048; 100..1000000); each takes up
 *     to 1 KiB, and never more than a sixteenth of the heap
 * @param startSeconds how long the agent may take for the start of one container (6; 1..600); the
 *     hook and the runtime give up some seconds later
 * @param drainSeconds how long an agent that was replaced carries on what is under way (30; 0..600)
 * @param names how long an address is known by a name
 * @param limits how many entries each map of the kernel may have, by {@link MapLimit}'s names
 */
public record Config(
    Path runDir,
    Path stateDir,
    Path bpffs,
    String dockerSocket,
    String containerdSocket,
    String podmanRoot,
    String dataRoot,
    Path hookSocket,
    Path hookProgram,
    Path apiSocket,
    Optional<String> apiGroup,
    String apiTcp,
    Path policyDir,
    boolean defaultDeny,
    Unhooked unhooked,
    boolean imageLabels,
    List<String> exempt,
    String cgroup,
    int flowRecords,
    int startSeconds,
    int drainSeconds,
    NameSettings names,
    MapSizes limits) {

  /** Read where no other is named, if it is there. */
  public static final Path STANDARD_FILE = Path.of("/etc/drawbridge/drawbridge.yaml");

  /** What a container may reach that started without the hook, until the listener adopts it. */
  public enum Unhooked {
    /** Everything. */
    ALLOW,
    /** Nothing. */
    DENY
  }

  /** A configuration file that cannot be used; the message names file, key and remedy. */
  public static final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    public ConfigException(String message) {
      super(message);
    }
  }

  /** The key of this configuration that says where an engine is. */
  public static String keyOf(EngineKind engine) {
    return switch (engine) {
      case DOCKER -> "dockerSocket";
      case CONTAINERD -> "containerdSocket";
      case PODMAN -> "podmanRoot";
    };
  }

  /** The engines that a listener follows. */
  public Set<EngineKind> engines() {
    Set<EngineKind> engines = EnumSet.noneOf(EngineKind.class);
    for (EngineKind engine : EngineKind.values()) {
      if (!placeOf(engine).isEmpty()) {
        engines.add(engine);
      }
    }
    return engines;
  }

  /** Where an engine answers, or keeps its state; empty if it is not listened to. */
  public String placeOf(EngineKind engine) {
    return switch (engine) {
      case DOCKER -> dockerSocket;
      case CONTAINERD -> containerdSocket;
      case PODMAN -> podmanRoot;
    };
  }

  /** The defaults. */
  public static Config defaults() throws ConfigException {
    return of("defaults", new JsonObject());
  }

  /** Reads a file: JSON where its name ends so, else YAML. */
  public static Config load(Path file) throws ConfigException {
    return of(ConfigText.read(file));
  }

  /** The same; empty if no key stands in the file. */
  public static Optional<Config> said(Path file) throws ConfigException {
    ConfigText text = ConfigText.read(file);
    return text.tree().isEmpty() ? Optional.empty() : Optional.of(of(text));
  }

  /** What a tree says whose values have no place in a file. */
  public static Config of(String where, JsonObject json) throws ConfigException {
    return of(ConfigText.of(where, json));
  }

  static Config of(ConfigText text) throws ConfigException {
    Settings settings = Settings.of(text);
    Path runDir = Path.of(settings.text("runDir"));
    return new Config(
        runDir,
        Path.of(settings.text("stateDir")),
        Path.of(settings.text("bpffs")),
        settings.text("dockerSocket"),
        settings.text("containerdSocket"),
        settings.text("podmanRoot"),
        settings.text("dataRoot"),
        socketOf(settings, "hookSocket", runDir),
        Path.of(settings.text("hookProgram")),
        socketOf(settings, "apiSocket", runDir),
        settings.has("apiGroup") ? Optional.of(settings.text("apiGroup")) : Optional.empty(),
        settings.text("apiTcp"),
        Path.of(settings.text("policyDir")),
        settings.flag("defaultDeny"),
        settings.text("unhooked").equals("deny") ? Unhooked.DENY : Unhooked.ALLOW,
        settings.flag("imageLabels"),
        settings.texts("exempt"),
        settings.text("cgroup"),
        settings.number("flowRecords"),
        settings.number("startSeconds"),
        settings.number("drainSeconds"),
        names(settings),
        limits(settings));
  }

  /** In the run directory unless it is set: by the name that it has there by default. */
  private static Path socketOf(Settings settings, String key, Path runDir) {
    Path place = Path.of(settings.text(key));
    return settings.has(key) ? place : runDir.resolve(place.getFileName());
  }

  private static NameSettings names(Settings settings) throws ConfigException {
    int least = settings.number("names.leastSeconds");
    int most = settings.number("names.mostSeconds");
    if (least > most) {
      throw settings.has("names.leastSeconds")
          ? settings.wrong("names.leastSeconds", "no more than mostSeconds, " + most)
          : settings.wrong("names.mostSeconds", "no less than leastSeconds, " + least);
    }
    return new NameSettings(
        least,
        most,
        settings.number("names.graceSeconds"),
        LearnedNames.Refusal.valueOf(settings.text("names.refusal")));
  }

  private static MapSizes limits(Settings settings) {
    MapSizes sizes = MapSizes.standard();
    for (MapLimit limit : MapLimit.values()) {
      String key = "limits." + limit.map();
      if (settings.has(key)) {
        sizes = sizes.with(limit, settings.number(key));
      }
    }
    return sizes;
  }

  /** This configuration, with what another says of the keys for which a reload suffices. */
  public Config reloaded(Config other) {
    return new Config(
        runDir,
        stateDir,
        bpffs,
        dockerSocket,
        containerdSocket,
        podmanRoot,
        dataRoot,
        hookSocket,
        hookProgram,
        apiSocket,
        apiGroup,
        apiTcp,
        policyDir,
        other.defaultDeny,
        other.unhooked,
        imageLabels,
        other.exempt,
        cgroup,
        flowRecords,
        startSeconds,
        other.drainSeconds,
        other.names,
        limits);
  }

  /** The keys of which another configuration says something else, and that wait for a restart. */
  public List<String> waiting(Config other) {
    return ConfigKey.ALL.stream()
        .filter(key -> !key.reload())
        .filter(key -> !key.value().apply(this).equals(key.value().apply(other)))
        .map(ConfigKey::name)
        .toList();
  }
}
