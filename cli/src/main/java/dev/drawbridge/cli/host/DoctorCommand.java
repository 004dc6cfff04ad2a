package dev.drawbridge.cli.host;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.client.LocalClient;
import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.KernelReport;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.cli.terminal.AgentCommand;
import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.OutputFormat;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import dev.drawbridge.install.InstallException;
import dev.drawbridge.install.InstallOptions;
import dev.drawbridge.install.InstallPlan;
import dev.drawbridge.install.Installer;
import dev.drawbridge.install.Step;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "doctor",
    description =
        "Look at this host, its kernel, the registration and the agent, and say what is wrong and what to do. Changes nothing.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:nothing is wrong; there may be warnings", "1:something is", "2:bad usage"})
public final class DoctorCommand extends AgentCommand {

  private static final Pattern VERSION = Pattern.compile("^(\\d{1,6})\\.(\\d{1,6})");

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

  private static final int PING_SECONDS = 5;

  /** Lines that refused most are shown. */
  private static final int DROPS_SHOWN = 10;

  @Mixin private OutputFormat format = new OutputFormat();

  private enum Grade {
    OK,
    WARN,
    BAD
  }

  /**
   * One thing that was looked at.
   *
   * @param code which thing, {@link Check#code()}; kept from version to version
   * @param what what was found, with the cause if something is wrong
   * @param advice what to do; empty if nothing is to be done
   */
  private record Finding(String code, Grade grade, String what, String advice) {}

  /**
   * All of it, as {@code --json} prints it.
   *
   * @param kernel empty if the kernel could not be looked at
   */
  private record Report(boolean healthy, List<Finding> findings, Optional<KernelReport> kernel) {}

  private final List<Finding> findings = new ArrayList<>();

  public DoctorCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws CommandException {
    host();
    Optional<KernelReport> kernel = kernel();
    engines();
    registration();
    podman(layout().podmanStorage(), layout().podmanConf());
    rootless(Path.of("/run/user"))
        .forEach(user ->
            found(
                Check.ROOTLESS,
                Grade.WARN,
                "user " + user + " has Podman without root: its containers are not guarded",
                "their runtime, cgroups and network are the user's own; run as root what is to be"
                    + " guarded"));
    cache();
    agent();
    boolean healthy = findings.stream().noneMatch(f -> f.grade() == Grade.BAD);
    if (format.json()) {
      out().println(Json.write(new Report(healthy, findings, kernel)));
    } else {
      print(kernel);
    }
    return healthy ? Exit.YES : Exit.NO;
  }

  private void print(Optional<KernelReport> kernel) {
    for (Finding finding : findings) {
      String grade =
          String.format(Locale.ROOT, "%-4s  ", finding.grade().name().toLowerCase(Locale.ROOT));
      out()
          .println(
              Text.oneLine(
                  grade
                      + finding.code()
                      + "  "
                      + finding.what()
                      + (finding.advice().isEmpty() ? "" : ": " + finding.advice())));
    }
    kernel.ifPresent(report -> {
      out().println();
      table(report).forEach(out()::println);
    });
  }

  static List<String> table(KernelReport kernel) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("FEATURE", "SINCE", "PRESENT", "NEEDED FOR", "LOST WITHOUT"));
    for (KernelReport.Feature feature : kernel.features()) {
      rows.add(
          List.of(
              feature.feature(),
              feature.since(),
              feature.present().name().toLowerCase(Locale.ROOT),
              feature.neededFor(),
              feature.without()));
    }
    return Text.table(rows);
  }

  /**
   * What is absent is bad where nothing works without it, else a warning that says what is lost.
   */
  private Optional<KernelReport> kernel() throws CommandException {
    KernelReport kernel;
    try {
      kernel = KernelProbe.ask(Distribution.programs().resolve("drawbridge-agent"));
    } catch (CommandException e) {
      found(
          Check.KERNEL,
          Grade.WARN,
          "the kernel cannot be looked at",
          String.valueOf(e.getMessage()));
      return Optional.empty();
    }
    judge(kernel);
    return Optional.of(kernel);
  }

  private void judge(KernelReport kernel) {
    boolean old = older(kernel.release(), kernel.minimum());
    found(
        Check.KERNEL,
        old ? Grade.BAD : Grade.OK,
        "kernel " + kernel.release() + ", libbpf " + kernel.libbpf(),
        old ? "Drawbridge is made for " + kernel.minimum() + " and later" : "");
    for (KernelReport.Feature feature : kernel.features()) {
      switch (feature.present()) {
        case YES -> {}
        case NO ->
            found(
                Check.KERNEL_FEATURE,
                feature.required() ? Grade.BAD : Grade.WARN,
                "the kernel lacks " + feature.feature() + " (since " + feature.since() + ")",
                feature.without() + "; " + feature.detail());
        case UNKNOWN ->
            found(
                Check.KERNEL_FEATURE,
                Grade.WARN,
                "kernel feature " + feature.feature() + " is not known",
                feature.detail());
      }
    }
  }

  /** By the first two numbers; what is no number counts as recent. */
  static boolean older(String release, String minimum) {
    int[] found = numbers(release);
    int[] least = numbers(minimum);
    return found[0] < least[0] || (found[0] == least[0] && found[1] < least[1]);
  }

  private static int[] numbers(String release) {
    var matcher = VERSION.matcher(release);
    return matcher.find()
        ? new int[] {Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2))}
        : new int[] {Integer.MAX_VALUE, 0};
  }

  private void found(Check check, Grade grade, String what, String advice) {
    findings.add(new Finding(check.code(), grade, what, advice));
  }

  private void host() {
    boolean btf = Files.exists(Path.of("/sys/kernel/btf/vmlinux"));
    found(
        Check.BTF,
        btf ? Grade.OK : Grade.BAD,
        btf ? "kernel has BTF" : "kernel without BTF",
        btf ? "" : "use a kernel built with CONFIG_DEBUG_INFO_BTF");
    boolean cgroup2 = mounted("cgroup2");
    found(
        Check.CGROUP2,
        cgroup2 ? Grade.OK : Grade.BAD,
        cgroup2 ? "cgroup2 is mounted" : "cgroup2 is not mounted",
        cgroup2 ? "" : "mount -t cgroup2 none /sys/fs/cgroup/unified");
    if (cgroup2) {
      found(
          Check.CGROUP_LAYOUT,
          Grade.OK,
          Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"))
              ? "cgroups are version 2 alone"
              : "cgroups are of both versions: runc works, crun takes no such host",
          "");
    }
    boolean bpffs = mounted("bpf");
    found(
        Check.BPFFS,
        bpffs ? Grade.OK : Grade.WARN,
        bpffs ? "bpffs is mounted" : "bpffs is not mounted",
        bpffs ? "" : "the agent mounts it at /sys/fs/bpf");
  }

  private static boolean mounted(String type) {
    try {
      return Files.readAllLines(Path.of("/proc/mounts")).stream()
          .anyMatch(line -> line.contains(" " + type + " "));
    } catch (IOException e) {
      return false;
    }
  }

  /** What would start containers here, by its own word. */
  private void engines() {
    ENGINES.forEach((engine, oldest) ->
        Programs.firstLine(List.of(engine, "--version"))
            .ifPresent(said -> {
              boolean old = older(version(said), oldest);
              found(
                  Check.ENGINE,
                  old ? Grade.WARN : Grade.OK,
                  said + (old ? " is older than any that was tried, " + oldest : ""),
                  old ? "update it" : "");
            }));
  }

  /** The first two numbers with a point between, wherever they stand. */
  static String version(String line) {
    var matcher = ANYWHERE.matcher(line);
    return matcher.find() ? matcher.group() : line;
  }

  /** Whether the agent would start from what an earlier one has recorded. */
  private void cache() throws CommandException {
    Path programs = Distribution.programs();
    boolean used =
        Programs.firstLine(List.of(programs.resolve("drawbridge-agent").toString(), "--aot-name"))
            .map(name -> Files.exists(programs.resolveSibling("aot").resolve(name + ".aot")))
            .orElse(false);
    found(
        Check.CACHE,
        used ? Grade.OK : Grade.WARN,
        used
            ? "the agent starts from its recorded cache"
            : "the agent has no recorded cache of exactly these jars, this Java and these options,"
                + " and starts more slowly",
        used ? "" : programs.resolve("drawbridge-train") + ", as root, records one");
  }

  private void registration() throws CommandException {
    InstallPlan plan;
    try {
      plan =
          Installer.plan(
              InstallOptions.of(Distribution.programs()).withSystemd(false).withLayout(layout()));
    } catch (InstallException e) {
      found(
          Check.REGISTRATION,
          Grade.WARN,
          "the registration cannot be looked at",
          String.valueOf(e.getMessage()));
      return;
    }
    plan.conflicts()
        .forEach(conflict -> found(Check.CONFLICT, Grade.BAD, "registration: " + conflict, ""));
    boolean missing = plan.steps().stream().anyMatch(Step.Write.class::isInstance);
    found(
        Check.REGISTRATION,
        missing ? Grade.WARN : Grade.OK,
        missing
            ? "the runtime is not registered, or not by this version"
            : "the runtime is registered",
        missing ? "drawbridge install" : "");
    hook();
  }

  private void podman(Path storage, Path registration) {
    if (!Files.isDirectory(storage)) {
      return;
    }
    boolean registered = Files.exists(registration);
    found(
        Check.PODMAN,
        registered ? Grade.OK : Grade.WARN,
        registered
            ? "the runtime is registered with Podman"
            : "Podman has containers or images here, and the runtime is not registered with it",
        registered ? "" : "drawbridge install --podman, with --default for all new containers");
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
    Path socket = layout().hookSocket();
    if (!Files.isExecutable(program)) {
      found(Check.HOOK, Grade.WARN, "the hook cannot be tried", "there is no program " + program);
      return;
    }
    try {
      Process process =
          new ProcessBuilder(program.toString(), "--ping", "--socket", socket.toString()).start();
      boolean answered = process.waitFor(PING_SECONDS, TimeUnit.SECONDS);
      if (!answered) {
        process.destroyForcibly();
      }
      boolean listens = answered && process.exitValue() == 0;
      found(
          Check.HOOK,
          listens ? Grade.OK : Grade.BAD,
          listens
              ? "the agent listens for the hook at " + socket
              : "nobody listens for the hook at " + socket,
          listens ? "" : "start the agent: guarded containers do not start without it");
    } catch (IOException e) {
      found(Check.HOOK, Grade.WARN, "the hook cannot be tried", String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Refusing is what the programs are for: no fault, but where to look when a packet is gone. */
  private void drops(List<StatusReport.Drops> drops) {
    drops.stream()
        .limit(DROPS_SHOWN)
        .forEach(one ->
            found(
                Check.REFUSALS,
                Grade.OK,
                "the kernel refused "
                    + one.count()
                    + " as "
                    + one.reason()
                    + " at "
                    + one.line()
                    + " ("
                    + one.hook()
                    + ")",
                ""));
    if (drops.size() > DROPS_SHOWN) {
      found(
          Check.REFUSALS,
          Grade.OK,
          "the kernel refused at " + (drops.size() - DROPS_SHOWN) + " more lines, and less",
          "");
    }
  }

  private void agent() {
    LocalClient client = client();
    StatusReport status;
    List<EndpointReport> endpoints;
    List<ProblemReport> problems;
    try {
      status = client.status();
      endpoints = client.endpoints();
      problems = client.problems();
    } catch (ApiException e) {
      found(Check.AGENT, Grade.BAD, "agent", String.valueOf(e.getMessage()));
      return;
    }
    found(
        Check.AGENT,
        status.ready() ? Grade.OK : Grade.WARN,
        status.ready() ? "the agent is ready" : "the agent is not ready yet",
        status.ready() ? "" : "drawbridge status --wait");
    for (StatusReport.Component part : status.components()) {
      Grade grade =
          switch (part.health()) {
            case OK -> Grade.OK;
            case DEGRADED -> Grade.WARN;
            case FAILED -> Grade.BAD;
          };
      found(Check.PART, grade, "agent: " + part.name(), part.detail());
    }
    status
        .unattached()
        .forEach(name ->
            found(
                Check.NOT_ENFORCED,
                Grade.BAD,
                name + " is not enforced",
                "recreate it with the drawbridge runtime"));
    endpoints.stream()
        .filter(e -> e.attachment() == EndpointReport.Attachment.LISTENER)
        .forEach(e ->
            found(
                Check.LATE,
                Grade.WARN,
                e.name() + " was attached only after its start",
                "recreate it with the drawbridge runtime"));
    drops(status.drops());
    for (ProblemReport problem : problems) {
      Grade grade = problem.severity().equals("error") ? Grade.BAD : Grade.WARN;
      found(
          Check.PROBLEM,
          grade,
          problem.code()
              + " "
              + problem.container()
              + " "
              + problem.where()
              + ": "
              + problem.message(),
          problem.suggestion().orElse(problem.expected()));
    }
  }
}
