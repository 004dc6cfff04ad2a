package dev.drawbridge.install;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Looks at a host and plans what installing or uninstalling Drawbridge would change there. */
public final class Installer {
  static final String RUNC = "runc";

  private final InstallOptions options;
  private final Layout layout;
  private final Changes changes;
  private final ContainerdRegistration containerd;
  private final PodmanRegistration podman;
  private InstallState state = InstallState.parse("");

  private Installer(InstallOptions options, boolean installing) {
    this.options = options;
    this.layout = options.layout();
    this.changes = new Changes(options, installing);
    this.containerd = new ContainerdRegistration(options, changes);
    this.podman = new PodmanRegistration(options, changes);
  }

  /** What installing would do. Changes nothing. */
  public static InstallPlan plan(InstallOptions options) throws InstallException {
    return new Installer(options, true).install();
  }

  /**
   * What uninstalling would do. While containers name the runtime, the shim stays registered and
   * passes everything through; {@code notes} list them.
   */
  public static InstallPlan planRemoval(InstallOptions options) throws InstallException {
    return new Installer(options, false).remove();
  }

  private InstallPlan install() throws InstallException {
    state = InstallState.parse(Changes.text(layout.state()));
    changes.copyProgram("drawbridge-hook");
    changes.copyProgram("drawbridge-runc");
    if (!Files.isDirectory(layout.exempt())) {
      changes.steps.add(new Step.MakeDirectory(layout.exempt()));
    }
    if (options.systemd()) {
      writeUnit();
    }
    if (options.containerd()) {
      state = containerd.register(state);
    }
    if (options.docker()) {
      registerWithDocker();
    } else if (options.containerd()) {
      remember();
      writeShimConfig(containerd.behind().orElse(RUNC));
    }
    if (options.podman()) {
      podman.register();
    }
    if (options.podmanHooks()) {
      for (String stage : List.of("createRuntime", "poststop")) {
        changes.write(
            layout.podmanHooks().resolve("drawbridge-" + stage + ".json"),
            resource("drawbridge-" + stage + ".json")
                .replace("/usr/libexec/drawbridge", layout.programs().toString()),
            "run drawbridge-hook at " + stage + " of every container of root",
            false);
      }
      changes.notes.add(
          "hooks.d alone takes no CAP_NET_RAW from anybody, and rootless Podman reads none: register"
              + " the runtime where that can be (--podman)");
    }
    return changes.plan();
  }

  /** The agent runs from where it was unpacked: its launcher needs the jars beside it. */
  private void writeUnit() throws InstallException {
    Path agent = options.builtPrograms().toAbsolutePath().resolve("drawbridge-agent").normalize();
    if (!Files.isExecutable(agent)) {
      changes.conflicts.add("the systemd unit cannot start " + agent + ": no such program");
      return;
    }
    changes.write(
        layout.unit(),
        resource("drawbridge.service")
            .replace("/usr/libexec/drawbridge/drawbridge-agent", agent.toString()),
        "start the agent before Docker",
        false);
    changes.notes.add("then run: systemctl daemon-reload && systemctl enable --now drawbridge");
  }

  private void registerWithDocker() throws InstallException {
    DockerHost host = DockerHost.observe(layout.dockerPidFile());
    String before = Changes.text(layout.daemonJson());
    switch (DaemonJson.parse(before)) {
      case DaemonJson.Reading.Bad bad ->
          changes.conflicts.add(Changes.leftAlone(layout.daemonJson(), bad.why()));
      case DaemonJson.Reading.Good good -> register(host, good.file(), before);
    }
  }

  private void register(DockerHost host, DaemonJson file, String before) throws InstallException {
    flagConflicts(host);
    Optional<String> current = file.defaultRuntime();
    boolean alreadyDefault = current.filter(DaemonJson.RUNTIME::equals).isPresent();
    Optional<String> displaced = alreadyDefault ? state.displacedDefault() : current;
    String runtime = RUNC;
    if (options.asDefault() || alreadyDefault) {
      String name = displaced.orElse(RUNC);
      switch (file.program(name)) {
        case DaemonJson.Target.Program target -> runtime = target.program();
        case DaemonJson.Target.Unsuitable unsuitable ->
            changes.conflicts.add(
                "the default runtime \""
                    + name
                    + "\" cannot stand behind drawbridge: "
                    + unsuitable.why()
                    + ". Install without --default, and name the runtime drawbridge where it is"
                    + " wanted");
      }
      state = new InstallState(displaced, state.displacedContainerd());
      remember();
    } else if (options.containerd()) {
      remember();
    }
    String chained = runtime;
    containerd
        .behind()
        .filter(other -> !other.equals(chained))
        .ifPresent(other ->
            changes.conflicts.add(
                "the shim hands over to one runtime: Docker's is "
                    + chained
                    + ", containerd's is "
                    + other));
    writeShimConfig(runtime);
    boolean changed =
        changes.write(
            layout.daemonJson(),
            file.with(layout.shim().toString(), options.asDefault()).text(),
            "register runtime drawbridge" + (options.asDefault() ? ", and as the default" : ""),
            true);
    if (changed) {
      reload(host);
    }
    changes.notes.add(
        options.asDefault()
            ? "containers that exist keep the runtime they were created with: recreate them to"
                + " have them guarded"
            : "guard a container with: docker run --runtime drawbridge, or runtime: drawbridge in"
                + " compose");
    Path dataRoot = host.dataRoot(file, layout.dockerData());
    if (!dataRoot.equals(layout.dockerData())) {
      changes.notes.add(
          "Docker's data root is " + dataRoot + ": set \"dataRoot\" of the agent to it");
    }
    if (before.isEmpty() && !host.pid().isPresent()) {
      changes.notes.add(
          "no dockerd runs here: it reads " + layout.daemonJson() + " when it starts");
    }
  }

  private void remember() throws InstallException {
    changes.write(
        layout.state(), state.render(), "remember the default runtime before drawbridge", false);
  }

  private void writeShimConfig(String runtime) throws InstallException {
    Optional<String> now = ShimConfig.runtime(Changes.text(layout.shimConfig()));
    if (now.isPresent() && !now.get().equals(runtime)) {
      // Whoever is not installed again now would run by another runtime than before.
      boolean dockers = !options.docker() && registeredWithDocker();
      boolean containerds = !options.containerd() && containerd.isRegistered();
      if (dockers || containerds) {
        changes.conflicts.add(
            "the shim hands over to one runtime: "
                + now.get()
                + " for "
                + (dockers ? "Docker" : "containerd")
                + ", where it is registered, and "
                + (dockers ? "containerd" : "Docker")
                + "'s is "
                + runtime);
      }
    }
    changes.write(
        layout.shimConfig(),
        ShimConfig.render(layout, runtime, false, Changes.text(layout.shimConfig())),
        "drawbridge-runc hands over to " + runtime,
        false);
  }

  /** Also where Docker's file cannot be read. */
  private boolean registeredWithDocker() throws InstallException {
    return !(DaemonJson.parse(Changes.text(layout.daemonJson()))
            instanceof DaemonJson.Reading.Good good)
        || good.file().registeredPath().isPresent();
  }

  /** A setting that is both a flag and in the file keeps dockerd from starting. */
  private void flagConflicts(DockerHost host) {
    host.flag("config-file")
        .filter(path -> !Path.of(path).equals(layout.daemonJson()))
        .ifPresent(path ->
            changes.conflicts.add(
                "dockerd reads "
                    + path
                    + " instead of "
                    + layout.daemonJson()
                    + ": move it there and start dockerd without --config-file"));
    host.flag("add-runtime")
        .ifPresent(value ->
            changes.conflicts.add(
                "dockerd was started with --add-runtime "
                    + value
                    + ": move it into \"runtimes\" of "
                    + layout.daemonJson()
                    + " first, Docker does not start with both"));
    if (options.asDefault()) {
      host.flag("default-runtime")
          .ifPresent(value ->
              changes.conflicts.add(
                  "dockerd was started with --default-runtime "
                      + value
                      + ": move it into "
                      + layout.daemonJson()
                      + " first, Docker does not start with both"));
    }
  }

  private InstallPlan remove() throws InstallException {
    if (options.podman()) {
      podman.unregister();
    }
    boolean containerdHadUs =
        options.containerd()
            && containerd.unregister(InstallState.parse(Changes.text(layout.state())));
    if (!options.docker()) {
      changes.delete(layout.unit());
      deletePodmanHooks();
      changes.notes.add("Docker was left alone: its runtime and the programs stay");
      if (containerdHadUs) {
        if (usedByDocker()) {
          changes.notes.add(
              "containers of containerd that were made with "
                  + layout.shim()
                  + " start by it for ever, and only while an agent answers, as Docker's do");
        } else {
          passThrough();
          noteContainerds();
        }
      }
      return changes.plan();
    }
    DockerHost host = DockerHost.observe(layout.dockerPidFile());
    String before = Changes.text(layout.daemonJson());
    InstallState remembered = InstallState.parse(Changes.text(layout.state()));
    switch (DaemonJson.parse(before)) {
      case DaemonJson.Reading.Bad bad ->
          changes.conflicts.add(Changes.leftAlone(layout.daemonJson(), bad.why()));
      case DaemonJson.Reading.Good good ->
          unregister(host, good.file(), remembered, containerdHadUs);
    }
    return changes.plan();
  }

  private void unregister(
      DockerHost host, DaemonJson file, InstallState remembered, boolean containerdHadUs)
      throws InstallException {
    List<String> left = DockerHost.containersNamingUs(host.dataRoot(file, layout.dockerData()));
    boolean reloaded = options.reload() && host.pid().isPresent();
    DaemonJson restored = file.withDefaultRestored(remembered.displacedDefault(), reloaded);
    DaemonJson after = left.isEmpty() ? restored.without(reloaded) : restored;
    // A file that held nothing but ours becomes {}; dockerd accepts that.
    boolean changed =
        !after.equalTo(file)
            && changes.write(
                layout.daemonJson(), after.text(), "as it was without drawbridge", true);
    if (changed) {
      reload(host);
    }
    if (left.isEmpty()) {
      settle(host, file, after, changed, remembered, reloaded);
      if (!containerdHadUs) {
        deleteAll();
        return;
      }
    }
    passThrough();
    changes.delete(layout.unit());
    deletePodmanHooks();
    if (!left.isEmpty()) {
      changes.notes.add(
          "these containers were created with runtime drawbridge and could not start without it, so"
              + " it stays registered and guards nothing: "
              + String.join(", ", left));
    }
    if (containerdHadUs) {
      noteContainerds();
    }
    changes.notes.add("recreate them, then uninstall again");
  }

  private void noteContainerds() {
    changes.notes.add(
        "containers of containerd that were made with "
            + layout.shim()
            + " start by it for ever, so it stays and guards nothing");
  }

  private void passThrough() throws InstallException {
    String runtime = ShimConfig.runtime(Changes.text(layout.shimConfig())).orElse(RUNC);
    changes.write(
        layout.shimConfig(),
        ShimConfig.render(layout, runtime, true, Changes.text(layout.shimConfig())),
        "drawbridge-runc passes everything through",
        false);
  }

  /** Whether Docker, which is left alone, would have its containers unguarded by a pass-through. */
  private boolean usedByDocker() throws InstallException {
    return registeredWithDocker()
        || (DaemonJson.parse(Changes.text(layout.daemonJson()))
                instanceof DaemonJson.Reading.Good good
            && !DockerHost.containersNamingUs(
                    DockerHost.observe(layout.dockerPidFile())
                        .dataRoot(good.file(), layout.dockerData()))
                .isEmpty());
  }

  /**
   * The last form of the file: without keys that only a running dockerd had to read, and no file at
   * all where there was none before. The first copy of it, kept beside it, tells which.
   */
  private void settle(
      DockerHost host,
      DaemonJson file,
      DaemonJson after,
      boolean changed,
      InstallState remembered,
      boolean reloaded)
      throws InstallException {
    Path kept = StepExecutor.backup(Changes.behind(layout.daemonJson()));
    Optional<String> first = Changes.found(kept);
    if (!changed && first.isEmpty() && !Files.exists(layout.state()) && !file.leftByReload()) {
      // Nothing in it was ever ours.
      return;
    }
    DaemonJson last = after.without(false);
    // What a user wrote stays; "runc" as the default is ours if install remembered and found none.
    if (first.isEmpty() || Files.exists(layout.state())) {
      last = last.withoutSpelledDefault(remembered.displacedDefault());
    }
    Optional<String> wanted =
        last.empty() && first.isEmpty()
            ? Optional.empty()
            : Optional.of(last.textOr(first.orElse("")));
    Optional<String> now = changed ? Optional.of(after.text()) : Changes.found(layout.daemonJson());
    if (now.isEmpty() || now.equals(wanted)) {
      changes.delete(kept);
      return;
    }
    if (reloaded) {
      changes.steps.add(
          new Step.Settle(layout.daemonJson(), now.get(), wanted, host.address(file)));
      return;
    }
    changes.steps.removeIf(
        step -> step instanceof Step.Write write && write.file().equals(layout.daemonJson()));
    if (wanted.isEmpty()) {
      changes.delete(Changes.behind(layout.daemonJson()));
    } else {
      boolean _ =
          changes.write(layout.daemonJson(), wanted.get(), "as it was without drawbridge", true);
    }
    changes.delete(kept);
  }

  private void deleteAll() throws InstallException {
    changes.delete(layout.unit());
    deletePodmanHooks();
    changes.delete(layout.shimConfig());
    changes.delete(layout.state());
    changes.delete(layout.shim());
    changes.delete(layout.hook());
    changes.deleteIfEmpty(layout.programs());
    changes.deleteIfEmpty(StepExecutor.parent(layout.shimConfig()));
  }

  private void reload(DockerHost host) {
    if (options.reload() && host.pid().isPresent()) {
      changes.steps.add(new Step.Reload(host.pid().getAsLong()));
    }
  }

  private void deletePodmanHooks() {
    changes.delete(layout.podmanHooks().resolve("drawbridge-createRuntime.json"));
    changes.delete(layout.podmanHooks().resolve("drawbridge-poststop.json"));
  }

  private static String resource(String name) throws InstallException {
    try (InputStream in = Installer.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new InstallException("this build lacks " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new InstallException("cannot read " + name, e);
    }
  }
}
