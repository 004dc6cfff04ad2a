package dev.drawbridge.cli;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.EndpointReport;
import dev.drawbridge.api.LocalClient;
import dev.drawbridge.api.ProblemReport;
import dev.drawbridge.api.StatusReport;
import dev.drawbridge.install.InstallException;
import dev.drawbridge.install.InstallOptions;
import dev.drawbridge.install.InstallPlan;
import dev.drawbridge.install.Installer;
import dev.drawbridge.install.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;

@Command(
    name = "doctor",
    description =
        "Look at this host, the registration and the agent, and say what is wrong and what to do. Changes nothing.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:nothing is wrong", "1:something is"})
final class DoctorCommand extends AgentCommand {

  private enum Grade {
    OK,
    WARN,
    BAD
  }

  private record Finding(Grade grade, String what, String advice) {}

  private final List<Finding> findings = new ArrayList<>();

  DoctorCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws CommandException {
    host();
    registration();
    agent();
    for (Finding finding : findings) {
      String grade =
          String.format(Locale.ROOT, "%-4s  ", finding.grade().name().toLowerCase(Locale.ROOT));
      out()
          .println(
              Text.oneLine(
                  grade
                      + finding.what()
                      + (finding.advice().isEmpty() ? "" : ": " + finding.advice())));
    }
    return findings.stream().anyMatch(f -> f.grade() == Grade.BAD) ? Exit.NO : Exit.YES;
  }

  private void found(Grade grade, String what, String advice) {
    findings.add(new Finding(grade, what, advice));
  }

  private void host() {
    exists(
        "/sys/kernel/btf/vmlinux",
        "kernel has BTF",
        "kernel without BTF",
        "use a kernel built with CONFIG_DEBUG_INFO_BTF");
    boolean cgroup2 = mounted("cgroup2");
    found(
        cgroup2 ? Grade.OK : Grade.BAD,
        cgroup2 ? "cgroup2 is mounted" : "cgroup2 is not mounted",
        cgroup2 ? "" : "mount -t cgroup2 none /sys/fs/cgroup/unified");
    boolean bpffs = mounted("bpf");
    found(
        bpffs ? Grade.OK : Grade.WARN,
        bpffs ? "bpffs is mounted" : "bpffs is not mounted",
        bpffs ? "" : "the agent mounts it at /sys/fs/bpf");
  }

  private void exists(String path, String yes, String no, String advice) {
    boolean there = Files.exists(Path.of(path));
    found(there ? Grade.OK : Grade.BAD, there ? yes : no, there ? "" : advice);
  }

  private static boolean mounted(String type) {
    try {
      return Files.readAllLines(Path.of("/proc/mounts")).stream()
          .anyMatch(line -> line.contains(" " + type + " "));
    } catch (IOException e) {
      return false;
    }
  }

  private void registration() throws CommandException {
    InstallPlan plan;
    try {
      plan = Installer.plan(InstallOptions.of(Distribution.programs()).withSystemd(false));
    } catch (InstallException e) {
      found(Grade.WARN, "the registration cannot be looked at", String.valueOf(e.getMessage()));
      return;
    }
    plan.conflicts().forEach(conflict -> found(Grade.BAD, "registration: " + conflict, ""));
    boolean missing = plan.steps().stream().anyMatch(Step.Write.class::isInstance);
    found(
        missing ? Grade.WARN : Grade.OK,
        missing
            ? "the runtime is not registered, or not by this version"
            : "the runtime is registered",
        missing ? "drawbridge install" : "");
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
      found(Grade.BAD, "agent", String.valueOf(e.getMessage()));
      return;
    }
    found(
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
      found(grade, "agent: " + part.name(), part.detail());
    }
    status
        .unattached()
        .forEach(name ->
            found(Grade.BAD, name + " is not enforced", "recreate it with the drawbridge runtime"));
    endpoints.stream()
        .filter(e -> e.attachment() == EndpointReport.Attachment.LISTENER)
        .forEach(e ->
            found(
                Grade.WARN,
                e.name() + " was attached only after its start",
                "recreate it with the drawbridge runtime"));
    for (ProblemReport problem : problems) {
      Grade grade = problem.severity().equals("error") ? Grade.BAD : Grade.WARN;
      found(
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
