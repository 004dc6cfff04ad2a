package dev.drawbridge.install;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What becomes of containerd's configuration, of which the CRI reads its runtimes. */
final class ContainerdRegistration {
  private final InstallOptions options;
  private final Layout layout;
  private final Changes changes;

  /** What containerd's runtime hands over to, if it was registered. */
  private Optional<String> behind = Optional.empty();

  ContainerdRegistration(InstallOptions options, Changes changes) {
    this.options = options;
    this.layout = options.layout();
    this.changes = changes;
  }

  /**
   * Registers the runtime with the CRI, and says what else there is to do.
   *
   * @return what is to be remembered from now on
   */
  InstallState register(InstallState state) throws InstallException {
    InstallState remembered = state;
    switch (ContainerdToml.parse(Changes.text(layout.containerdToml()))) {
      case ContainerdToml.Reading.Bad(String why) ->
          changes.conflicts.add(Changes.leftAlone(layout.containerdToml(), why));
      case ContainerdToml.Reading.Good(ContainerdToml file) -> remembered = register(file, state);
    }
    changes.notes.add(
        "ctr and nerdctl are told the runtime each time: ctr run --runc-binary "
            + layout.shim()
            + ", nerdctl run --runtime "
            + layout.shim());
    changes.notes.add(
        "have the agent ask containerd: \"containerdSocket\": \"/run/containerd/containerd.sock\" in"
            + " its configuration");
    return remembered;
  }

  private InstallState register(ContainerdToml file, InstallState state) throws InstallException {
    if (file.criIsOff()) {
      changes.notes.add(
          "the CRI is switched off in "
              + layout.containerdToml()
              + ": nothing is registered there");
      return state;
    }
    Optional<String> current = file.defaultRuntime();
    boolean alreadyDefault = current.filter(ContainerdToml.RUNTIME::equals).isPresent();
    Optional<String> displaced = alreadyDefault ? state.displacedContainerd() : current;
    String like = displaced.orElse(Installer.RUNC);
    switch (file.program(like)) {
      case DaemonJson.Target.Program target -> behind = Optional.of(target.program());
      case DaemonJson.Target.Unsuitable unsuitable ->
          changes.conflicts.add(
              "containerd's default runtime \""
                  + like
                  + "\" cannot stand behind drawbridge: "
                  + unsuitable.why());
    }
    switch (file.with(layout.shim().toString(), like, options.asDefault())) {
      case ContainerdToml.Reading.Bad(String why) ->
          changes.conflicts.add(Changes.leftAlone(layout.containerdToml(), why));
      case ContainerdToml.Reading.Good(ContainerdToml after) -> {
        if (changes.write(
            layout.containerdToml(),
            after.text(),
            "register runtime drawbridge"
                + (options.asDefault() ? ", and as the default" : "")
                + " of the CRI",
            true)) {
          changes.notes.add(
              "containerd reads its configuration when it starts: systemctl restart containerd;"
                  + " containers run on");
        }
        if (options.asDefault()) {
          return new InstallState(state.displacedDefault(), displaced);
        }
      }
    }
    return state;
  }

  /** What its default runtime runs, if the shim is to hand over to that. */
  Optional<String> behind() {
    return behind;
  }

  /** Whether the runtime is there. */
  boolean isRegistered() throws InstallException {
    return ContainerdToml.parse(Changes.text(layout.containerdToml()))
            instanceof ContainerdToml.Reading.Good good
        && good.file().registered().isPresent();
  }

  /**
   * Takes the runtime out of containerd's configuration.
   *
   * @return whether it was there, so that containers may have been made with it
   */
  boolean unregister(InstallState remembered) throws InstallException {
    Path toml = layout.containerdToml();
    Optional<String> now = Changes.found(toml);
    if (now.isEmpty()
        || !(ContainerdToml.parse(now.get()) instanceof ContainerdToml.Reading.Good read)
        || read.file().registered().isEmpty()) {
      return false;
    }
    Optional<ContainerdToml> after = read.file().without(remembered.displacedContainerd());
    if (after.isEmpty()) {
      changes.conflicts.add(
          toml
              + " has runtime drawbridge in other words than install wrote: take it out by hand,"
              + " then uninstall again");
      return true;
    }
    Path kept = StepExecutor.backup(Changes.behind(toml));
    Optional<String> first = Changes.found(kept);
    if (first.isEmpty() && after.get().text().strip().equals("version = 2")) {
      changes.delete(Changes.behind(toml));
    } else {
      String last =
          first
              .filter(after.get()::saysTheSameAs)
              .filter(text -> holds(text, after.get().text()))
              .orElse(after.get().text());
      boolean _ = changes.write(toml, last, "as it was without drawbridge", true);
    }
    changes.delete(kept);
    changes.notes.add(
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
}
