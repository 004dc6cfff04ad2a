package dev.drawbridge.cli.doctor;

import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.KernelReport;
import dev.drawbridge.cli.doctor.Findings.Finding;
import dev.drawbridge.cli.terminal.AgentCommand;
import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.OutputFormat;
import dev.drawbridge.cli.terminal.Surroundings;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "doctor",
    description =
        "Look at this host, its kernel, the registration and the agent, and say what is wrong and what to do. Changes nothing.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:nothing is wrong; there may be warnings", "1:something is", "2:bad usage"})
public final class DoctorCommand extends AgentCommand {

  @Mixin private OutputFormat format = new OutputFormat();

  /**
   * All of it, as {@code --json} prints it.
   *
   * @param kernel empty if the kernel could not be looked at
   */
  private record Report(boolean healthy, List<Finding> findings, Optional<KernelReport> kernel) {}

  public DoctorCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws CommandException {
    var findings = new Findings();
    var host = new HostChecks(findings);
    host.host();
    Optional<KernelReport> kernel = new KernelChecks(findings).kernel();
    host.resolvers(Path.of("/etc/resolv.conf"));
    var engines = new EngineChecks(findings, layout());
    engines.engines();
    engines.docker();
    engines.registration();
    engines.podman(layout().podmanStorage(), layout().podmanConf());
    engines.rootless();
    engines.cache();
    new AgentChecks(findings).agent(client());
    if (format.json()) {
      out().println(Json.write(new Report(findings.healthy(), findings.all(), kernel)));
    } else {
      findings.all().forEach(finding -> out().println(finding.line()));
      kernel.ifPresent(report -> {
        out().println();
        KernelChecks.table(report).forEach(out()::println);
      });
    }
    return findings.healthy() ? Exit.YES : Exit.NO;
  }
}
