package dev.drawbridge.install;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;

/**
 * What becomes of root's Podman: a file of our own beside its configuration, which Podman merges by
 * itself (containers.conf(5)), and a shim of its own, because Podman's runtime may be another one
 * than Docker's.
 */
final class PodmanRegistration {
  private static final String RUNTIME = "engine.runtime";

  /** Where programs are that Podman finds by name. */
  private static final List<String> PLACES =
      List.of("usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "bin", "sbin");

  /** They run no process of the container in this kernel, or not by its network. */
  private static final Set<String> APART = Set.of("runsc", "kata", "krun");

  private final InstallOptions options;
  private final Layout layout;
  private final Changes changes;

  PodmanRegistration(InstallOptions options, Changes changes) {
    this.options = options;
    this.layout = options.layout();
    this.changes = changes;
  }

  /** What one of Podman's files says, as far as it matters. */
  private record Said(Path file, TomlParseResult toml) {
    Optional<String> runtime() {
      return toml.get(RUNTIME) instanceof String name && !name.isEmpty()
          ? Optional.of(name)
          : Optional.empty();
    }
  }

  /** Whether a file of ours is there. */
  boolean isRegistered() {
    return Files.exists(layout.podmanConf());
  }

  void register() throws InstallException {
    boolean alreadyDefault = Changes.text(layout.podmanConf()).contains("\nruntime = ");
    boolean asDefault = options.asDefault() || alreadyDefault;
    List<Said> all = others();
    if (asDefault) {
      all.stream()
          .filter(said -> said.file().compareTo(layout.podmanConf()) > 0 && beside(said.file()))
          .filter(said -> said.runtime().isPresent())
          .forEach(said ->
              changes.conflicts.add(
                  said.file()
                      + " is read after "
                      + layout.podmanConf()
                      + " and names the runtime \""
                      + said.runtime().orElseThrow()
                      + "\": take that line out, or give the file an earlier name"));
    }
    Optional<String> program = behind(all);
    if (program.isEmpty()) {
      return;
    }
    changes.copyProgram("drawbridge-runc", layout.podmanShim());
    changes.write(
        layout.podmanShimConfig(),
        ShimConfig.render(layout, program.get(), false, Changes.text(layout.podmanShimConfig())),
        "Podman's drawbridge-runc hands over to " + program.get(),
        false);
    changes.write(
        layout.podmanConf(),
        conf(asDefault),
        "register runtime drawbridge with Podman" + (asDefault ? ", and as the default" : ""),
        false);
    changes.notes.add(
        asDefault
            ? "Podman's containers that exist keep the runtime they were created with: recreate"
                + " them to have them guarded"
            : "guard a container of Podman's with: podman --runtime drawbridge run");
    changes.notes.add(
        "have the agent read Podman's state: \"podmanRoot\": \""
            + layout.podmanStorage()
            + "\" in its configuration");
    changes.notes.add(
        "rootless Podman reads the file too and cannot use it: its containers are not guarded, and"
            + " with drawbridge as the default they do not start");
  }

  private String conf(boolean asDefault) {
    return "# Written by drawbridge install; drawbridge uninstall takes it away.\n[engine]\n"
        + (asDefault ? "runtime = \"drawbridge\"\n" : "")
        + "[engine.runtimes]\ndrawbridge = [\""
        + layout.podmanShim().toString().replace("\\", "\\\\").replace("\"", "\\\"")
        + "\"]\n";
  }

  private boolean beside(Path file) {
    return String.valueOf(file.getParent()).equals(String.valueOf(layout.podmanConf().getParent()));
  }

  /** In the order in which Podman reads them, each over those before it; ours is left out. */
  private List<Said> others() throws InstallException {
    Path directory = StepExecutor.parent(layout.podmanConf());
    List<Path> files = new ArrayList<>();
    files.add(layout.under("usr/share/containers/containers.conf"));
    files.add(directory.resolveSibling("containers.conf"));
    try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, "*.conf")) {
      List<Path> more = new ArrayList<>();
      found.forEach(more::add);
      more.stream()
          .filter(file -> !file.getFileName().equals(layout.podmanConf().getFileName()))
          .sorted()
          .forEach(files::add);
    } catch (NoSuchFileException | NotDirectoryException e) {
      // There are none.
    } catch (IOException | DirectoryIteratorException e) {
      throw new InstallException("cannot read " + directory + ": " + e.getMessage(), e);
    }
    List<Said> all = new ArrayList<>();
    for (Path file : files) {
      Optional<String> text = Changes.found(file);
      if (text.isPresent()) {
        TomlParseResult toml = Toml.parse(text.get());
        if (toml.hasErrors()) {
          changes.conflicts.add(
              Changes.leftAlone(file, "it is not TOML: " + toml.errors().getFirst()));
        } else {
          all.add(new Said(file, toml));
        }
      }
    }
    return all;
  }

  /** The runtime that the shim hands over to; a conflict if there is none that it can. */
  private Optional<String> behind(List<Said> all) {
    Optional<String> named =
        all.stream().flatMap(said -> said.runtime().stream()).reduce((first, last) -> last);
    List<String> wanted = named.map(List::of).orElseGet(this::defaults);
    for (String name : wanted) {
      String base = name.substring(name.lastIndexOf('/') + 1);
      if (APART.stream().anyMatch(base::startsWith)) {
        changes.conflicts.add(
            "Podman's default runtime \""
                + name
                + "\" cannot stand behind drawbridge: it runs containers apart from this kernel's"
                + " network");
        return Optional.empty();
      }
      Optional<String> program = program(name, all);
      if (program.isPresent()) {
        return program;
      }
    }
    changes.conflicts.add(
        "Podman's default runtime \""
            + wanted.getFirst()
            + "\" is nowhere where Podman looks for it");
    return Optional.empty();
  }

  /** As Podman does where nothing names one: crun, which takes no hierarchy of version 1. */
  private List<String> defaults() {
    return Files.exists(layout.under("sys/fs/cgroup/cgroup.controllers"))
        ? List.of("crun", "runc")
        : List.of("runc", "crun");
  }

  private Optional<String> program(String name, List<Said> all) {
    if (name.startsWith("/")) {
      return Optional.of(name).filter(path -> Files.isExecutable(layout.under(path.substring(1))));
    }
    List<String> paths = new ArrayList<>();
    all.reversed()
        .forEach(said -> {
          if (said.toml().get(List.of("engine", "runtimes", name)) instanceof TomlArray given) {
            given.toList().stream().map(String::valueOf).forEach(paths::add);
          }
        });
    PLACES.forEach(place -> paths.add("/" + place + "/" + name));
    return paths.stream()
        .filter(path -> path.startsWith("/") && !path.equals(layout.podmanShim().toString()))
        .filter(path -> Files.isExecutable(layout.under(path.substring(1))))
        .findFirst();
  }

  /** Takes the runtime away; while containers name it, it stays and passes everything through. */
  void unregister() throws InstallException {
    if (!isRegistered()) {
      deleteShim();
      return;
    }
    List<String> left = containersNamingUs();
    if (left.isEmpty()) {
      changes.delete(layout.podmanConf());
      deleteShim();
      return;
    }
    String runtime =
        ShimConfig.runtime(Changes.text(layout.podmanShimConfig())).orElse(Installer.RUNC);
    changes.write(
        layout.podmanConf(), conf(false), "drawbridge is no longer Podman's default", false);
    changes.write(
        layout.podmanShimConfig(),
        ShimConfig.render(layout, runtime, true, Changes.text(layout.podmanShimConfig())),
        "Podman's drawbridge-runc passes everything through",
        false);
    changes.notes.add(
        "these containers of Podman's were created with runtime drawbridge and could not start"
            + " without it, so it stays registered and guards nothing: "
            + String.join(", ", left)
            + "; recreate them, then uninstall again");
  }

  private void deleteShim() throws InstallException {
    changes.delete(layout.podmanShimConfig());
    changes.delete(layout.podmanShim());
    changes.deleteIfEmpty(StepExecutor.parent(layout.podmanShim()));
  }

  /** Podman has no process and no file that says so without a database: it is asked. */
  private List<String> containersNamingUs() throws InstallException {
    if (!Files.isDirectory(layout.podmanStorage())) {
      return List.of();
    }
    try {
      String all = asked("ps", "--all", "--quiet", "--no-trunc");
      List<String> command =
          new ArrayList<>(List.of("container", "inspect", "--format", "{{.OCIRuntime}} {{.Name}}"));
      command.addAll(all.lines().filter(id -> id.matches("[0-9a-f]{64}")).toList());
      return command.size() == 4
          ? List.of()
          : asked(command.toArray(String[]::new))
              .lines()
              .filter(line ->
                  line.startsWith("drawbridge ") || line.startsWith(layout.podmanShim() + " "))
              .map(line -> line.substring(line.indexOf(' ') + 1))
              .sorted()
              .toList();
    } catch (IOException e) {
      // Without Podman there is nobody who could start them.
      return List.of();
    }
  }

  private static String asked(String... arguments) throws IOException, InstallException {
    List<String> command = new ArrayList<>(List.of("podman"));
    command.addAll(List.of(arguments));
    StepExecutor.Ran ran = StepExecutor.run(command);
    if (ran.exit() != 0) {
      throw new InstallException(
          "podman does not say which containers name the runtime, nothing was changed: "
              + ran.output());
    }
    return ran.output();
  }
}
