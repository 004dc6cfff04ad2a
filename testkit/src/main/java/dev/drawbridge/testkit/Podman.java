package dev.drawbridge.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A Podman of a lab's own: storage, run directory, locks, networks, address book and cgroup parent
 * are the lab's, so that one which this machine uses is not touched. Its containers are on the
 * lab's host, in one network.
 */
public final class Podman implements AutoCloseable {
  public static final String NETWORK = "lab";

  private static final String IMAGE = "localhost/" + LabImage.NAME;

  /** Where Podman keeps its address book, whatever else it is told. */
  private static final Path FIXED = Path.of("/run/containers");

  /**
   * What a lab must have mounted before a Podman of its own can be in it. Below the mount a file
   * with the lab's name keeps the directory: whoever removed it would take the mount away too.
   */
  static final String MOUNTS =
      """
      mkdir -p /run/containers "$1/run-containers"
      : >"/run/containers/${1##*/}"
      mount --bind "$1/run-containers" /run/containers
      """;

  private final EngineLab lab;
  private final Path root;
  private final Map<String, String> environment;

  private Podman(EngineLab lab) {
    this.lab = lab;
    this.root = lab.dataRoot().resolveSibling("podman");
    Path conf = lab.directory().resolve("containers.conf");
    Path storage = lab.directory().resolve("storage.conf");
    this.environment =
        Map.of(
            "CONTAINERS_CONF",
            conf.toString(),
            "CONTAINERS_STORAGE_CONF",
            storage.toString(),
            "PODMAN_IGNORE_CGROUPSV1_WARNING",
            "1");
    // Unpacked engines have Podman's helpers beside it, and know no other place.
    Path program = Path.of(Shell.must("sh", "-c", "command -v podman"));
    Path beside = program.getParent();
    Path tar = lab.directory().resolve("podman-image.tar");
    try {
      Files.writeString(
          conf,
          """
          [engine]
          cgroup_manager = "cgroupfs"
          events_logger = "file"
          lock_type = "file"
          tmp_dir = "%3$s/podman-tmp"
          runtime = "drawbridge"
          conmon_path = ["%1$s/conmon", "/usr/bin/conmon"]
          helper_binaries_dir = ["%1$s", "/usr/lib/podman", "/usr/libexec/podman"]
          [engine.runtimes]
          drawbridge = ["%2$s"]
          runc = ["%1$s/runc", "/usr/bin/runc", "/usr/sbin/runc"]
          [network]
          network_backend = "netavark"
          firewall_driver = "iptables"
          network_config_dir = "%3$s/podman-networks"
          [containers]
          default_ulimits = ["nofile=1024:4096", "nproc=1024:1024"]
          log_driver = "k8s-file"
          """
              .formatted(
                  beside, lab.directory().resolve("agent/drawbridge-runc"), lab.directory()));
      Files.writeString(
          storage,
          """
          [storage]
          driver = "overlay"
          graphroot = "%s"
          runroot = "%s/podman-run"
          """
              .formatted(root, lab.directory()));
      Files.createDirectories(lab.directory().resolve("podman-networks"));
      String id = lab.docker().must("create", LabImage.NAME, "true").strip();
      lab.docker().must("export", "-o", tar.toString(), id);
      lab.docker().must("rm", id);
      image(tar, LabImage.NAME);
      // Without its own resolver, which is a process on the host that stays.
      must(
          "network",
          "create",
          "--disable-dns",
          "--subnet",
          "10.213.9.0/24",
          "--gateway",
          "10.213.9.1",
          NETWORK);
    } catch (IOException e) {
      throw new LabException("no Podman in the lab: " + e.getMessage(), e);
    }
  }

  /** Starts a lab that a Podman can be in. */
  public static EngineLab lab() {
    return EngineLab.start(new com.google.gson.JsonObject(), MOUNTS);
  }

  /**
   * The last lab takes the directory away; one that somebody else uses by now is not empty and
   * stays.
   */
  static void leave(String id) {
    if (FIXED.resolve(id).toFile().delete()) {
      FIXED.toFile().delete();
    }
  }

  public static Podman in(EngineLab lab) {
    return new Podman(lab);
  }

  public Path root() {
    return root;
  }

  /** Imports a root file system with labels. */
  public void image(Path tar, String name, String... labels) {
    List<String> command = new ArrayList<>(List.of("import"));
    for (String label : labels) {
      command.addAll(List.of("--change", "LABEL " + label));
    }
    command.addAll(List.of(tar.toString(), name));
    must(command.toArray(String[]::new));
  }

  /** The root file system that images are made of. */
  public Path rootFilesystem() {
    return lab.directory().resolve("podman-image.tar");
  }

  /** A command of Podman's, as root of the lab's host would type it. */
  public Output run(String... arguments) {
    List<String> command = new ArrayList<>(List.of("podman"));
    command.addAll(List.of(arguments));
    return onHost(command);
  }

  /** Any command there, for which {@code podman} is this one. */
  public Output onHost(List<String> command) {
    return Shell.run(Shell.DEADLINE, environment, lab.onHost(command.toArray(String[]::new)));
  }

  public String must(String... arguments) {
    Output output = run(arguments);
    if (!output.ok()) {
      throw new LabException("podman " + String.join(" ", arguments) + ": " + output.text());
    }
    return output.out().stripTrailing();
  }

  /** Starts a container in the lab's network, with more options. */
  public Output start(String name, String script, String... options) {
    List<String> more = new ArrayList<>(List.of("--network", NETWORK));
    more.addAll(List.of(options));
    return startAnywhere(name, script, more.toArray(String[]::new));
  }

  /** As {@link #start}, by a runtime's name or path. */
  public Output startWith(String runtime, String name, String script, String... options) {
    List<String> more = new ArrayList<>(List.of("--network", NETWORK));
    more.addAll(List.of(options));
    return start(List.of("--runtime", runtime), name, script, more);
  }

  /** As {@link #start}, in whatever network the options say. */
  public Output startAnywhere(String name, String script, String... options) {
    return start(List.of(), name, script, List.of(options));
  }

  private Output start(List<String> before, String name, String script, List<String> options) {
    List<String> command = new ArrayList<>(before);
    command.addAll(List.of("run", "-d", "--name", name, "--cgroup-parent", "/" + lab.id()));
    command.addAll(options);
    if (command.stream().noneMatch(option -> option.startsWith("localhost/"))) {
      command.add(IMAGE);
    }
    command.addAll(List.of("/bin/sh", "-c", script));
    return run(command.toArray(String[]::new));
  }

  /** What a program in a running container says. */
  public Output exec(String container, String... command) {
    List<String> line = new ArrayList<>(List.of("exec", container));
    line.addAll(List.of(command));
    return run(line.toArray(String[]::new));
  }

  /** The HTTP status of a request, 000 where none came; one who is refused asks again. */
  public String status(String container, String url) {
    Output asked = exec(container, LabImage.curl(url));
    return asked.out().isEmpty() ? asked.text() : asked.out();
  }

  public String address(String container) {
    return must(
        "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container);
  }

  public void remove(String... containers) {
    List<String> command = new ArrayList<>(List.of("rm", "-f", "-t", "0"));
    command.addAll(List.of(containers));
    run(command.toArray(String[]::new));
  }

  @Override
  public void close() {
    run("pod", "rm", "-f", "-t", "0", "-a");
    run("rm", "-f", "-t", "0", "-a");
    run("network", "rm", "-f", NETWORK);
  }
}
