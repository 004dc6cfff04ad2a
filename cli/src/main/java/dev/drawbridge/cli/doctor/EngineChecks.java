package dev.drawbridge.cli.doctor;

import dev.drawbridge.cli.doctor.Findings.Grade;
import dev.drawbridge.cli.host.Distribution;
import dev.drawbridge.cli.host.Ran;
import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.install.InstallException;
import dev.drawbridge.install.InstallOptions;
import dev.drawbridge.install.InstallPlan;
import dev.drawbridge.install.Installer;
import dev.drawbridge.install.Layout;
import dev.drawbridge.install.Step;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Engines, their registration, and what starts by it. */
final class EngineChecks {
  private static final Pattern ANYWHERE = Pattern.compile("\\d{1,6}\\.\\d{1,6}");

  /** Engines and runtimes, each with the oldest version that was ever tried. */
  private static final Map<String, String> ENGINES =
      new TreeMap<>(
          Map.of(
              "dockerd",
              "20.10",
              "containerd",
              "1.6",
              "podman",
              "4.3",
              "runc",
              "1.1",
              "crun",
              "1.8"));

  private static final Duration PING = Duration.ofSeconds(5);

  private static final Duration ANSWER = Duration.ofSeconds(10);

  private final Findings findings;
  private final Layout layout;

  EngineChecks(Findings findings, Layout layout) {
    this.findings = findings;
    this.layout = layout;
  }

  /** What would start containers here, by its own word. */
  void engines() {
    ENGINES.forEach((engine, oldest) ->
        firstLine(List.of(engine, "--version"))
            .ifPresent(said -> {
              boolean old = KernelChecks.older(version(said), oldest);
              findings.add(
                  Check.ENGINE,
                  old ? Grade.WARN : Grade.OK,
                  said + (old ? " is older than any that was tried, " + oldest : ""),
                  old ? "update it" : "");
            }));
  }

  /** What Docker says of itself, if it runs. */
  void docker() {
    firstLine(
            List.of(
                "docker",
                "info",
                "--format",
                "{{.DockerRootDir}};{{.CgroupDriver}};{{.CgroupVersion}};{{.DefaultRuntime}}"))
        .map(line -> line.split(";", -1))
        .filter(said -> said.length == 4 && said[0].startsWith("/"))
        .ifPresent(said -> {
          boolean usual = said[0].equals(layout.dockerData().toString());
          findings.add(
              Check.DOCKER,
              Grade.OK,
              "Docker's data root is "
                  + said[0]
                  + ", its cgroup driver "
                  + said[1]
                  + " with cgroups of version "
                  + said[2]
                  + ", its default runtime "
                  + said[3],
              usual ? "" : "dataRoot in the agent's configuration must name that data root");
        });
  }

  /** What a program says first; empty if there is none, or it fails, or says nothing in time. */
  static Optional<String> firstLine(List<String> command) {
    try {
      Ran ran = Ran.run(ANSWER, command);
      return ran.ok()
          ? ran.out().lines().map(String::strip).filter(line -> !line.isEmpty()).findFirst()
          : Optional.empty();
    } catch (CommandException e) {
      // Not there, or not answering: it is no engine of this host's then.
      return Optional.empty();
    }
  }

  /** The first two numbers with a point between, wherever they stand. */
  static String version(String line) {
    var matcher = ANYWHERE.matcher(line);
    return matcher.find() ? matcher.group() : line;
  }

  void registration() throws CommandException {
    InstallPlan plan;
    try {
      plan =
          Installer.plan(
              InstallOptions.of(Distribution.programs()).withSystemd(false).withLayout(layout));
    } catch (InstallException e) {
      findings.add(
          Check.REGISTRATION,
          Grade.WARN,
          "the registration cannot be looked at",
          String.valueOf(e.getMessage()));
      return;
    }
    plan.conflicts()
        .forEach(
            conflict -> findings.add(Check.CONFLICT, Grade.BAD, "registration: " + conflict, ""));
    boolean missing = plan.steps().stream().anyMatch(Step.Write.class::isInstance);
    findings.add(
        Check.REGISTRATION,
        missing ? Grade.WARN : Grade.OK,
        missing
            ? "the runtime is not registered, or not by this version"
            : "the runtime is registered",
        missing ? "drawbridge install" : "");
    hook();
  }

  void podman(Path storage, Path registration) {
    if (!Files.isDirectory(storage)) {
      return;
    }
    boolean registered = Files.exists(registration);
    findings.add(
        Check.PODMAN,
        registered ? Grade.OK : Grade.WARN,
        registered
            ? "the runtime is registered with Podman"
            : "Podman has containers or images here, and the runtime is not registered with it",
        registered ? "" : "drawbridge install --podman, with --default for all new containers");
  }

  void rootless() {
    rootless(Path.of("/run/user"))
        .forEach(user ->
            findings.add(
                Check.ROOTLESS,
                Grade.WARN,
                "user " + user + " has Podman without root: its containers are not guarded",
                "their runtime, cgroups and network are the user's own; run as root what is to be"
                    + " guarded"));
  }

  /** Who has run Podman without root since the host has started, by their numbers. */
  static List<String> rootless(Path users) {
    List<String> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(users)) {
      for (Path user : all) {
        String number = String.valueOf(user.getFileName());
        if (!number.equals("0")
            && (Files.isDirectory(user.resolve("libpod"))
                || Files.isDirectory(user.resolve("containers")))) {
          found.add(number);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Without systemd's directories nobody can be seen there.
      return List.of();
    }
    return found.stream().sorted().toList();
  }

  /** Whether a container that starts would find the agent; asks it nothing. */
  private void hook() throws CommandException {
    Path program = Distribution.programs().resolve("drawbridge-hook");
    Path socket = layout.hookSocket();
    if (!Files.isExecutable(program)) {
      findings.add(
          Check.HOOK, Grade.WARN, "the hook cannot be tried", "there is no program " + program);
      return;
    }
    String advice = "start the agent: guarded containers do not start without it";
    try {
      List<String> ping = List.of(program.toString(), "--ping", "--socket", socket.toString());
      boolean listens = Ran.run(PING, ping).ok();
      findings.add(
          Check.HOOK,
          listens ? Grade.OK : Grade.BAD,
          listens
              ? "the agent listens for the hook at " + socket
              : "nobody listens for the hook at " + socket,
          listens ? "" : advice);
    } catch (CommandException e) {
      findings.add(
          Check.HOOK,
          Grade.BAD,
          "the hook is not answered at " + socket + " (" + e.getMessage() + ")",
          advice);
    }
  }

  /** Whether the agent would start from what an earlier one has recorded. */
  void cache() throws CommandException {
    Path programs = Distribution.programs();
    boolean used =
        firstLine(List.of(programs.resolve("drawbridge-agent").toString(), "--aot-name"))
            .map(name -> Files.exists(programs.resolveSibling("aot").resolve(name + ".aot")))
            .orElse(false);
    findings.add(
        Check.CACHE,
        used ? Grade.OK : Grade.WARN,
        used
            ? "the agent starts from its recorded cache"
            : "the agent has no recorded cache of exactly these jars, this Java and these options,"
                + " and starts more slowly",
        used ? "" : programs.resolve("drawbridge-train") + ", as root, records one");
  }
}
