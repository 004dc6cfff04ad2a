package dev.drawbridge.testkit;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A private Docker engine: containerd and dockerd as child processes, with their own data, sockets,
 * pid files, cgroup parent and network. No systemd, no registry, and nothing shared with the
 * machine's own engine but its programs.
 *
 * <p>The owner closes it. If the owner is killed instead, the next lab removes what is left.
 */
public final class EngineLab implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(30);

  /** Places outside the lab's own directories that the engine insists on, the inner ones first. */
  private static final List<Path> FIXED =
      List.of(
          Path.of("/run/containerd/s"),
          Path.of("/run/containerd"),
          Path.of("/etc/docker/key.json"),
          Path.of("/etc/docker"));

  private static final Gson JSON = new GsonBuilder().setPrettyPrinting().create();

  /** Which image store a lane wants: {@code containerd}, or the engine's own choice. */
  private static final String IMAGE_STORE = System.getProperty("drawbridge.engine.images", "");

  private static final String CONTAINERDS_STORE =
      "[\"driver-type\",\"io.containerd.snapshotter.v1\"]";

  /** The image that a pod's own container is made from, which is for the test to make. */
  public static final String PAUSE = "docker.io/library/pause:latest";

  private static final String WITHOUT_CRI = "disabled_plugins = [\"io.containerd.grpc.v1.cri\"]";

  /**
   * As containerd reads it from 1.6 to 2.x; the network is what is in the host's usual places.
   * Names of network namespaces are mounts, and belong where the lab's are.
   */
  private static final String CRI =
      """
      [plugins."io.containerd.grpc.v1.cri"]
        sandbox_image = "%s"
        netns_mounts_under_state_dir = true
        restrict_oom_score_adj = true
        [plugins."io.containerd.grpc.v1.cri".cni]
          bin_dir = "/opt/cni/bin"
          conf_dir = "/etc/cni/net.d"
        [plugins."io.containerd.grpc.v1.cri".containerd]
          default_runtime_name = "drawbridge"
          [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.drawbridge]
            runtime_type = "io.containerd.runc.v2"
            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.drawbridge.options]
              BinaryName = "%s"
          [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
            runtime_type = "io.containerd.runc.v2"
      """;

  /** In every {@code daemon.json} of this lab, whatever else is configured. */
  private final JsonObject always;

  private final String id;
  private final Path directory;
  private final LabNetwork network;
  private final List<Path> added = FIXED.stream().filter(place -> !Files.exists(place)).toList();
  private final Thread atExit = new Thread(this::release, "lab-release");
  private final AtomicBoolean released = new AtomicBoolean();
  private final List<AutoCloseable> tenants = new ArrayList<>();
  private @Nullable LabMounts mounts;
  private @Nullable LabDaemon containerd;
  private @Nullable LabDaemon dockerd;

  private EngineLab(String id, Path directory, LabNetwork network, JsonObject always) {
    this.always = always;
    this.id = id;
    this.directory = directory;
    this.network = network;
  }

  /** Starts an engine and waits until it answers. Needs root. */
  public static EngineLab start() {
    return start(new JsonObject());
  }

  /**
   * Starts an engine with settings of {@code daemon.json} that stay whatever is configured later.
   */
  public static EngineLab start(JsonObject always) {
    return start(always, "");
  }

  /**
   * As {@link #start(JsonObject)}, with mounts of the lab's own: engine, agent and containers see
   * them, this machine does not.
   *
   * @param mounts what the shell runs in the new mount namespace, the lab's directory being {@code
   *     $1}; none is made if it is empty
   */
  public static EngineLab start(JsonObject always, String mounts) {
    return start(always, mounts, WITHOUT_CRI);
  }

  /**
   * As {@link #start(JsonObject, String)}, with containerd's CRI: pods of the lab's image, by this
   * lab's shim where they name no other runtime, and by {@code runc} where they name that one.
   */
  public static EngineLab startWithCri(String mounts) {
    return start(new JsonObject(), mounts, CRI);
  }

  private static EngineLab start(JsonObject always, String mounts, String cri) {
    LabSweep.abandonedLabs();
    String id = LabSweep.PREFIX + ProcessHandle.current().pid();
    for (int again = 2;
        Files.exists(LabSweep.LABS.resolve(id)) || Files.exists(dataDirectory(id));
        again++) {
      id = LabSweep.PREFIX + ProcessHandle.current().pid() + "x" + again;
    }
    Path directory = LabSweep.LABS.resolve(id);
    try {
      Files.createDirectories(dataDirectory(id));
      Files.writeString(LabSweep.owner(id), Long.toString(ProcessHandle.current().pid()));
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new LabException("cannot create " + directory + ": " + e.getMessage(), e);
    }
    EngineLab lab = new EngineLab(id, directory, LabNetwork.create(id), always);
    Runtime.getRuntime().addShutdownHook(lab.atExit);
    try {
      if (!mounts.isEmpty()) {
        lab.mounts = LabMounts.make(directory, mounts);
      }
      lab.startContainerd(cri);
      lab.configure(new JsonObject());
      lab.startDockerd();
      lab.confirmImageStore();
      return lab;
    } catch (RuntimeException e) {
      lab.close();
      throw e;
    }
  }

  static Path dataDirectory(String id) {
    return LabSweep.DATA.resolve(id);
  }

  /** Unique among the labs of this machine; also the name of the containers' cgroup parent. */
  public String id() {
    return id;
  }

  /** Where sockets, logs and configuration lie; gone after {@link #close()}. */
  public Path directory() {
    return directory;
  }

  public Path dataRoot() {
    return dataDirectory(id).resolve("docker");
  }

  public Path socket() {
    return directory.resolve("docker.sock");
  }

  public LabNetwork network() {
    return network;
  }

  /** A command as a process of this host would run it: on its network, with its mounts. */
  public List<String> onHost(String... command) {
    return withMounts(network.onHost(command));
  }

  /** A command that sees this host's mounts; its network is the machine's. */
  List<String> withMounts(List<String> command) {
    return mounts == null ? command : mounts.enter(command);
  }

  /** Runs before the engine stops, the last added first. */
  public void addTenant(AutoCloseable tenant) {
    tenants.add(tenant);
  }

  /** The engine's command line client, as a user would type it. */
  public Docker docker() {
    return new Docker(Map.of("DOCKER_HOST", "unix://" + socket()));
  }

  /** Replaces the engine's {@code daemon.json}; call {@link #reload()} to have it read. */
  public void configure(JsonObject daemonJson) {
    JsonObject all = daemonJson.deepCopy();
    if (IMAGE_STORE.equals("containerd")) {
      JsonObject features = new JsonObject();
      features.addProperty("containerd-snapshotter", true);
      all.add("features", features);
    }
    always.entrySet().forEach(setting -> all.add(setting.getKey(), setting.getValue()));
    write(directory.resolve("daemon.json"), JSON.toJson(all));
  }

  /** SIGHUP: the engine reads runtimes and the default runtime again, containers run on. */
  public void reload() {
    LabDaemon daemon = dockerd;
    if (daemon == null) {
      throw new LabException("there is no engine to reload");
    }
    int before = countOf(daemon.log(), "Reloaded configuration");
    Shell.signal("HUP", daemon.pid());
    daemon.ready(START, () -> countOf(daemon.log(), "Reloaded configuration") > before);
  }

  /** Stops the engine and starts it again over the same data, as an upgrade does. */
  public void restart() {
    LabDaemon daemon = dockerd;
    if (daemon != null) {
      daemon.stop();
    }
    startDockerd();
  }

  private static int countOf(String text, String part) {
    return text.split(part, -1).length - 1;
  }

  private void startContainerd(String cri) {
    Path socket = directory.resolve("containerd.sock");
    write(
        directory.resolve("containerd.toml"),
        """
        version = 2
        root = "%s/containerd"
        state = "%s/containerd"
        %s
        [grpc]
          address = "%s"
        """
            .formatted(
                dataDirectory(id),
                directory,
                cri.formatted(PAUSE, directory.resolve("agent/drawbridge-runc")).strip(),
                socket));
    LabDaemon daemon =
        LabDaemon.start(
            "containerd",
            directory,
            Map.of(),
            onHost("containerd", "--config", directory.resolve("containerd.toml").toString()));
    containerd = daemon;
    daemon.ready(START, () -> Files.exists(socket));
  }

  private void startDockerd() {
    Path pidFile = directory.resolve("docker.pid");
    try {
      // dockerd refuses to start beside a stale one, and this one can only be our own.
      Files.deleteIfExists(pidFile);
      Files.deleteIfExists(socket());
    } catch (IOException e) {
      throw new LabException("cannot remove the engine's stale files: " + e.getMessage(), e);
    }
    LabDaemon daemon =
        LabDaemon.start(
            "dockerd",
            directory,
            new HashMap<>(Map.of("HOME", directory.toString())),
            onHost(
                "dockerd",
                "--config-file",
                directory.resolve("daemon.json").toString(),
                "--data-root",
                dataRoot().toString(),
                "--exec-root",
                directory.resolve("docker").toString(),
                "--pidfile",
                pidFile.toString(),
                "--host",
                "unix://" + socket(),
                "--containerd",
                directory.resolve("containerd.sock").toString(),
                "--bridge",
                LabNetwork.BRIDGE,
                "--default-address-pool",
                "base=10.214.0.0/16,size=24",
                "--cgroup-parent",
                "/" + id,
                "--exec-opt",
                "native.cgroupdriver=cgroupfs"));
    dockerd = daemon;
    daemon.ready(START, () -> docker().run("version").ok());
  }

  /** An engine that does not know the setting would keep its images where it always does. */
  private void confirmImageStore() {
    if (IMAGE_STORE.isEmpty()) {
      return;
    }
    String status = docker().must("info", "--format", "{{json .DriverStatus}}");
    if (!status.contains(CONTAINERDS_STORE)) {
      throw new LabException("the engine's images are not in containerd's store: " + status);
    }
  }

  private static void write(Path file, String content) {
    try {
      Files.writeString(file, content);
    } catch (IOException e) {
      throw new LabException("cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  /** What dockerd has logged. */
  public String engineLog() {
    LabDaemon daemon = dockerd;
    return daemon == null ? "" : daemon.log();
  }

  @Override
  public void close() {
    release();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      // The JVM is going down: the hook is what runs us.
      return;
    }
  }

  private void release() {
    if (!released.compareAndSet(false, true)) {
      return;
    }
    if (dockerd != null) {
      Docker docker = docker();
      List<String> containers = docker.run("ps", "-aq").out().lines().toList();
      if (!containers.isEmpty()) {
        List<String> command = new ArrayList<>(List.of("rm", "-f", "-v"));
        command.addAll(containers);
        docker.run(command.toArray(String[]::new));
      }
    }
    for (AutoCloseable tenant : tenants.reversed()) {
      try {
        tenant.close();
      } catch (Exception e) {
        throw new LabException("a tenant of the lab did not go: " + e.getMessage(), e);
      }
    }
    if (dockerd != null) {
      dockerd.stop();
    }
    if (containerd != null) {
      containerd.stop();
    }
    if (mounts != null) {
      mounts.stop();
    }
    network.close();
    LabSweep.remains(directory);
    removeFixedPlaces();
  }

  /**
   * They belong to whoever was there first; one that others use meanwhile is not empty and stays.
   */
  private void removeFixedPlaces() {
    for (Path place : added) {
      place.toFile().delete();
    }
  }
}
