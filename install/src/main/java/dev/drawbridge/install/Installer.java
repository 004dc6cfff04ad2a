package dev.drawbridge.install;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Looks at a host and plans what installing or uninstalling Drawbridge would change there. */
public final class Installer {
  private static final String RUNC = "runc";

  private final InstallOptions options;
  private final Layout layout;
  private final List<Step> steps = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final List<String> conflicts = new ArrayList<>();
  private boolean installing;

  /** What containerd's runtime hands over to, if it was registered. */
  private Optional<String> behindContainerd = Optional.empty();

  private InstallState state = InstallState.parse("");

  private Installer(InstallOptions options) {
    this.options = options;
    this.layout = options.layout();
  }

  /** What installing would do. Changes nothing. */
  public static InstallPlan plan(InstallOptions options) throws InstallException {
    return new Installer(options).install();
  }

  /**
   * What uninstalling would do. While containers name the runtime, the shim stays registered and
   * passes everything through; {@code notes} list them.
   */
  public static InstallPlan planRemoval(InstallOptions options) throws InstallException {
    return new Installer(options).remove();
  }

  private InstallPlan install() throws InstallException {
    installing = true;
    state = InstallState.parse(text(layout.state()));
    copyProgram("drawbridge-hook");
    copyProgram("drawbridge-runc");
    if (!Files.isDirectory(layout.exempt())) {
      steps.add(new Step.MakeDirectory(layout.exempt()));
    }
    if (options.systemd()) {
      writeUnit();
    }
    if (options.containerd()) {
      registerWithContainerd();
    }
    if (options.docker()) {
      registerWithDocker();
    } else if (options.containerd()) {
      remember();
      writeShimConfig(behindContainerd.orElse(RUNC));
    }
    if (options.podman()) {
      for (String stage : List.of("createRuntime", "poststop")) {
        write(
            layout.podmanHooks().resolve("drawbridge-" + stage + ".json"),
            resource("drawbridge-" + stage + ".json")
                .replace("/usr/libexec/drawbridge", layout.programs().toString()),
            "run drawbridge-hook at " + stage + " of every container of root",
            false);
      }
      notes.add("rootless Podman reads no hooks.d directory: its containers stay unguarded");
    }
    return new InstallPlan(steps, notes, conflicts, true);
  }

  /** The agent runs from where it was unpacked: its launcher needs the jars beside it. */
  private void writeUnit() throws InstallException {
    Path agent = options.builtPrograms().toAbsolutePath().resolve("drawbridge-agent").normalize();
    if (!Files.isExecutable(agent)) {
      conflicts.add("the systemd unit cannot start " + agent + ": no such program");
      return;
    }
    write(
        layout.unit(),
        resource("drawbridge.service")
            .replace("/usr/libexec/drawbridge/drawbridge-agent", agent.toString())
            .replace("/usr/libexec/drawbridge/drawbridge-hook", layout.hook().toString()),
        "start the agent before Docker",
        false);
    notes.add("then run: systemctl daemon-reload && systemctl enable --now drawbridge");
  }

  private void registerWithDocker() throws InstallException {
    DockerHost host = DockerHost.observe(layout.dockerPidFile());
    String before = text(layout.daemonJson());
    switch (DaemonJson.parse(before)) {
      case DaemonJson.Reading.Bad bad -> conflicts.add(leftAlone(layout.daemonJson(), bad.why()));
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
            conflicts.add(
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
    behindContainerd
        .filter(other -> !other.equals(chained))
        .ifPresent(other ->
            conflicts.add(
                "the shim hands over to one runtime: Docker's is "
                    + chained
                    + ", containerd's is "
                    + other));
    writeShimConfig(runtime);
    boolean changed =
        write(
            layout.daemonJson(),
            file.with(layout.shim().toString(), options.asDefault()).text(),
            "register runtime drawbridge" + (options.asDefault() ? ", and as the default" : ""),
            true);
    if (changed) {
      reload(host);
    }
    notes.add(
        options.asDefault()
            ? "containers that exist keep the runtime they were created with: recreate them to"
                + " have them guarded"
            : "guard a container with: docker run --runtime drawbridge, or runtime: drawbridge in"
                + " compose");
    Path dataRoot = host.dataRoot(file, layout.dockerData());
    if (!dataRoot.equals(layout.dockerData())) {
      notes.add("Docker's data root is " + dataRoot + ": set \"dataRoot\" of the agent to it");
    }
    if (before.isEmpty() && !host.pid().isPresent()) {
      notes.add("no dockerd runs here: it reads " + layout.daemonJson() + " when it starts");
    }
  }

  private void remember() throws InstallException {
    write(layout.state(), state.render(), "remember the default runtime before drawbridge", false);
  }

  private void writeShimConfig(String runtime) throws InstallException {
    Optional<String> now = ShimConfig.runtime(text(layout.shimConfig()));
    if (now.isPresent() && !now.get().equals(runtime)) {
      // Whoever is not installed again now would run by another runtime than before.
      boolean dockers = !options.docker() && registeredWithDocker();
      boolean containerds = !options.containerd() && registeredWithContainerd();
      if (dockers || containerds) {
        conflicts.add(
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
    write(
        layout.shimConfig(),
        ShimConfig.render(layout, runtime, false, text(layout.shimConfig())),
        "drawbridge-runc hands over to " + runtime,
        false);
  }

  /** Also where Docker's file cannot be read. */
  private boolean registeredWithDocker() throws InstallException {
    return !(DaemonJson.parse(text(layout.daemonJson())) instanceof DaemonJson.Reading.Good good)
        || good.file().registeredPath().isPresent();
  }

  private boolean registeredWithContainerd() throws InstallException {
    return ContainerdToml.parse(text(layout.containerdToml()))
            instanceof ContainerdToml.Reading.Good good
        && good.file().registered().isPresent();
  }

  private void registerWithContainerd() throws InstallException {
    String before = text(layout.containerdToml());
    switch (ContainerdToml.parse(before)) {
      case ContainerdToml.Reading.Bad(String why) ->
          conflicts.add(leftAlone(layout.containerdToml(), why));
      case ContainerdToml.Reading.Good(ContainerdToml file) -> registerWithContainerd(file);
    }
    notes.add(
        "ctr and nerdctl are told the runtime each time: ctr run --runc-binary "
            + layout.shim()
            + ", nerdctl run --runtime "
            + layout.shim());
    notes.add(
        "have the agent ask containerd: \"containerdSocket\": \"/run/containerd/containerd.sock\" in"
            + " its configuration");
  }

  private void registerWithContainerd(ContainerdToml file) throws InstallException {
    if (file.criIsOff()) {
      notes.add(
          "the CRI is switched off in "
              + layout.containerdToml()
              + ": nothing is registered there");
      return;
    }
    Optional<String> current = file.defaultRuntime();
    boolean alreadyDefault = current.filter(ContainerdToml.RUNTIME::equals).isPresent();
    Optional<String> displaced = alreadyDefault ? state.displacedContainerd() : current;
    String like = displaced.orElse(RUNC);
    switch (file.program(like)) {
      case DaemonJson.Target.Program target -> behindContainerd = Optional.of(target.program());
      case DaemonJson.Target.Unsuitable unsuitable ->
          conflicts.add(
              "containerd's default runtime \""
                  + like
                  + "\" cannot stand behind drawbridge: "
                  + unsuitable.why());
    }
    switch (file.with(layout.shim().toString(), like, options.asDefault())) {
      case ContainerdToml.Reading.Bad(String why) ->
          conflicts.add(leftAlone(layout.containerdToml(), why));
      case ContainerdToml.Reading.Good(ContainerdToml after) -> {
        if (options.asDefault()) {
          state = new InstallState(state.displacedDefault(), displaced);
        }
        if (write(
            layout.containerdToml(),
            after.text(),
            "register runtime drawbridge"
                + (options.asDefault() ? ", and as the default" : "")
                + " of the CRI",
            true)) {
          notes.add(
              "containerd reads its configuration when it starts: systemctl restart containerd;"
                  + " containers run on");
        }
      }
    }
  }

  /**
   * Takes the runtime out of containerd's configuration.
   *
   * @return whether it was there, so that containers may have been made with it
   */
  private boolean unregisterFromContainerd(InstallState remembered) throws InstallException {
    Path toml = layout.containerdToml();
    Optional<String> now = found(toml);
    if (now.isEmpty()
        || !(ContainerdToml.parse(now.get()) instanceof ContainerdToml.Reading.Good read)
        || read.file().registered().isEmpty()) {
      return false;
    }
    Optional<ContainerdToml> after = read.file().without(remembered.displacedContainerd());
    if (after.isEmpty()) {
      conflicts.add(
          toml
              + " has runtime drawbridge in other words than install wrote: take it out by hand,"
              + " then uninstall again");
      return true;
    }
    Path kept = StepExecutor.backup(behind(toml));
    Optional<String> first = found(kept);
    if (first.isEmpty() && after.get().text().strip().equals("version = 2")) {
      delete(behind(toml));
    } else {
      String last =
          first
              .filter(after.get()::saysTheSameAs)
              .filter(text -> holds(text, after.get().text()))
              .orElse(after.get().text());
      boolean _ = write(toml, last, "as it was without drawbridge", true);
    }
    delete(kept);
    notes.add(
        "containerd reads its configuration when it starts: systemctl restart containerd;"
            + " containers run on");
    return true;
  }

  /** Whether a text has every line of another one, comments too, but for the default runtime's. */
  private static boolean holds(String text, String other) {
    Set<String> lines = text.lines().map(String::strip).collect(Collectors.toSet());
    return other
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("default_runtime_name"))
        .allMatch(lines::contains);
  }

  private static String leftAlone(Path file, String why) {
    return file + " is left alone: " + why + ". Mend it, then do this again";
  }

  /** A setting that is both a flag and in the file keeps dockerd from starting. */
  private void flagConflicts(DockerHost host) {
    host.flag("config-file")
        .filter(path -> !Path.of(path).equals(layout.daemonJson()))
        .ifPresent(path ->
            conflicts.add(
                "dockerd reads "
                    + path
                    + " instead of "
                    + layout.daemonJson()
                    + ": move it there and start dockerd without --config-file"));
    host.flag("add-runtime")
        .ifPresent(value ->
            conflicts.add(
                "dockerd was started with --add-runtime "
                    + value
                    + ": move it into \"runtimes\" of "
                    + layout.daemonJson()
                    + " first, Docker does not start with both"));
    if (options.asDefault()) {
      host.flag("default-runtime")
          .ifPresent(value ->
              conflicts.add(
                  "dockerd was started with --default-runtime "
                      + value
                      + ": move it into "
                      + layout.daemonJson()
                      + " first, Docker does not start with both"));
    }
  }

  private InstallPlan remove() throws InstallException {
    boolean containerdHadUs =
        options.containerd() && unregisterFromContainerd(InstallState.parse(text(layout.state())));
    if (!options.docker()) {
      delete(layout.unit());
      deletePodmanHooks();
      notes.add("Docker was left alone: its runtime and the programs stay");
      if (containerdHadUs) {
        if (usedByDocker()) {
          notes.add(
              "containers of containerd that were made with "
                  + layout.shim()
                  + " start by it for ever, and only while an agent answers, as Docker's do");
        } else {
          passThrough();
          noteContainerds();
        }
      }
      return new InstallPlan(steps, notes, conflicts, false);
    }
    DockerHost host = DockerHost.observe(layout.dockerPidFile());
    String before = text(layout.daemonJson());
    InstallState remembered = InstallState.parse(text(layout.state()));
    switch (DaemonJson.parse(before)) {
      case DaemonJson.Reading.Bad bad -> conflicts.add(leftAlone(layout.daemonJson(), bad.why()));
      case DaemonJson.Reading.Good good ->
          unregister(host, good.file(), remembered, containerdHadUs);
    }
    return new InstallPlan(steps, notes, conflicts, false);
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
            && write(layout.daemonJson(), after.text(), "as it was without drawbridge", true);
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
    delete(layout.unit());
    deletePodmanHooks();
    if (!left.isEmpty()) {
      notes.add(
          "these containers were created with runtime drawbridge and could not start without it, so"
              + " it stays registered and guards nothing: "
              + String.join(", ", left));
    }
    if (containerdHadUs) {
      noteContainerds();
    }
    notes.add("recreate them, then uninstall again");
  }

  private void noteContainerds() {
    notes.add(
        "containers of containerd that were made with "
            + layout.shim()
            + " start by it for ever, so it stays and guards nothing");
  }

  private void passThrough() throws InstallException {
    String runtime = ShimConfig.runtime(text(layout.shimConfig())).orElse(RUNC);
    write(
        layout.shimConfig(),
        ShimConfig.render(layout, runtime, true, text(layout.shimConfig())),
        "drawbridge-runc passes everything through",
        false);
  }

  /** Whether Docker, which is left alone, would have its containers unguarded by a pass-through. */
  private boolean usedByDocker() throws InstallException {
    return registeredWithDocker()
        || (DaemonJson.parse(text(layout.daemonJson())) instanceof DaemonJson.Reading.Good good
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
    Path kept = StepExecutor.backup(behind(layout.daemonJson()));
    Optional<String> first = found(kept);
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
    Optional<String> now = changed ? Optional.of(after.text()) : found(layout.daemonJson());
    if (now.isEmpty() || now.equals(wanted)) {
      delete(kept);
      return;
    }
    if (reloaded) {
      steps.add(new Step.Settle(layout.daemonJson(), now.get(), wanted, host.address(file)));
      return;
    }
    steps.removeIf(
        step -> step instanceof Step.Write write && write.file().equals(layout.daemonJson()));
    if (wanted.isEmpty()) {
      delete(behind(layout.daemonJson()));
    } else {
      boolean _ = write(layout.daemonJson(), wanted.get(), "as it was without drawbridge", true);
    }
    delete(kept);
  }

  private void deleteAll() {
    delete(layout.unit());
    deletePodmanHooks();
    delete(layout.shimConfig());
    delete(layout.state());
    delete(layout.shim());
    delete(layout.hook());
  }

  private void deletePodmanHooks() {
    delete(layout.podmanHooks().resolve("drawbridge-createRuntime.json"));
    delete(layout.podmanHooks().resolve("drawbridge-poststop.json"));
  }

  private void delete(Path file) {
    if (Files.exists(file)) {
      steps.add(new Step.Delete(file));
    }
  }

  private void reload(DockerHost host) {
    if (options.reload() && host.pid().isPresent()) {
      steps.add(new Step.Reload(host.pid().getAsLong()));
    }
  }

  private void copyProgram(String name) throws InstallException {
    Path from = options.builtPrograms().resolve(name);
    Path to = layout.programs().resolve(name);
    try {
      byte[] bytes = Files.readAllBytes(from);
      if (!Files.exists(to) || !Arrays.equals(bytes, Files.readAllBytes(to))) {
        steps.add(new Step.Copy(from, to));
      }
    } catch (IOException e) {
      throw new InstallException("cannot read program " + from + ": build it first", e);
    }
  }

  /** Whether anything would change. */
  private boolean write(Path file, String after, String why, boolean validate)
      throws InstallException {
    String before = text(file);
    if (before.equals(after)) {
      return false;
    }
    boolean toml = file.equals(layout.containerdToml());
    boolean keep = installing && (toml || file.equals(layout.daemonJson()));
    Step.Check check =
        !validate ? Step.Check.NONE : toml ? Step.Check.CONTAINERD : Step.Check.DOCKERD;
    steps.add(new Step.Write(file, before, after, why, check, keep));
    return true;
  }

  private static String text(Path file) throws InstallException {
    return found(file).orElse("");
  }

  /** What the file says; empty if there is none. */
  private static Optional<String> found(Path file) throws InstallException {
    try {
      return Optional.of(Files.readString(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new InstallException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  private static Path behind(Path file) throws InstallException {
    try {
      return Links.behind(file);
    } catch (IOException e) {
      throw new InstallException("cannot read " + file + ": " + e.getMessage(), e);
    }
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
