package dev.drawbridge.cli.selftest;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.client.LocalClient;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.cli.host.Distribution;
import dev.drawbridge.cli.terminal.AgentCommand;
import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.OutputFormat;
import dev.drawbridge.cli.terminal.RunDirectory;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "selftest",
    description =
        "Start throw-away containers that ask each other, and compare what the wire says with what it should. Nothing is pulled, and nothing is left.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:every row is as expected",
      "1:one is not",
      "2:it could not be tried: no agent, no engine, the runtime is not registered"
    })
public final class SelftestCommand extends AgentCommand {
  @Mixin private OutputFormat format = new OutputFormat();

  @Option(
      names = "--engine",
      paramLabel = "NAME",
      defaultValue = "docker",
      description = "docker or podman, by its own program. Default: docker.")
  private Engine engine = Engine.DOCKER;

  @Option(
      names = "--restart-agent",
      description =
          "Ask also while the agent is away: it is ended and started again. What it carries (HTTP, Kafka, names) breaks off for every container meanwhile.")
  private boolean restartAgent;

  public SelftestCommand(Surroundings surroundings) {
    super(surroundings);
  }

  /** All of it, as {@code --json} prints it. */
  private record Report(boolean asExpected, String engine, List<Row> rows) {}

  @Override
  public Integer call() throws ApiException, CommandException {
    LocalClient agent = client();
    if (!agent.status().ready()) {
      throw new CommandException("the agent is not ready yet: drawbridge status --wait");
    }
    Path probe = Distribution.programs().resolve("drawbridge-probe");
    if (!Files.isExecutable(probe)) {
      throw new CommandException("there is no program " + probe + ": is the installation whole?");
    }
    engine.mustBeRegistered();
    Optional<AgentProcess> process =
        restartAgent
            ? AgentProcess.find(
                agent,
                RunDirectory.run(surroundings.environment()),
                RunDirectory.home(surroundings.environment()))
            : Optional.empty();
    String unasked =
        restartAgent
            ? "neither systemd's drawbridge.service nor ./drawbridge up has started this agent"
            : "not asked for: --restart-agent";
    List<Row> rows = new ArrayList<>();
    if (!format.json()) {
      print("", "who", "whom", "what", "expected", "actual");
    }
    Throwaways throwaways = new Throwaways(engine, probe);
    Thread atExit = new Thread(() -> interrupted(process, throwaways), "selftest-release");
    Runtime.getRuntime().addShutdownHook(atExit);
    try (throwaways) {
      throwaways.open();
      new Rows(
              throwaways,
              agent,
              row -> {
                rows.add(row);
                if (!format.json()) {
                  print(row);
                }
              })
          .ask(process, unasked);
    } catch (ApiException | CommandException e) {
      // What could not be tidied besides.
      for (Throwable also : e.getSuppressed()) {
        say(also);
      }
      throw e;
    } finally {
      release(atExit);
    }
    return finish(rows);
  }

  /** On Ctrl-C, and where a terminal goes away: what was made goes, what was ended comes back. */
  private void interrupted(Optional<AgentProcess> process, Throwaways throwaways) {
    try {
      try (throwaways) {
        if (process.isPresent()) {
          process.get().close();
        }
      }
    } catch (CommandException e) {
      say(e);
    }
  }

  private void say(Throwable failure) {
    err().println("drawbridge: " + Text.printable(String.valueOf(failure.getMessage())));
  }

  private static void release(Thread atExit) {
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      // The machine is shutting down already, and that thread does it all once more: twice is once.
    }
  }

  private int finish(List<Row> rows) {
    long differ = count(rows, Row.Outcome.DIFFERS);
    long agree = count(rows, Row.Outcome.AS_EXPECTED);
    long unasked = count(rows, Row.Outcome.NOT_ASKED);
    if (format.json()) {
      out().println(Json.write(new Report(differ == 0, engine.program(), rows)));
    } else {
      out().println();
      out()
          .println(
              agree
                  + " of "
                  + (agree + differ)
                  + " as expected"
                  + (unasked == 0 ? "" : ", " + unasked + " not asked"));
    }
    return differ == 0 ? Exit.YES : Exit.NO;
  }

  private static long count(List<Row> rows, Row.Outcome outcome) {
    return rows.stream().filter(row -> row.outcome() == outcome).count();
  }

  private void print(Row row) {
    print(
        row.number(),
        row.who(),
        row.whom(),
        row.what(),
        row.expected(),
        switch (row.outcome()) {
          case AS_EXPECTED -> "as expected";
          case DIFFERS -> "DIFFERS: " + row.actual();
          case NOT_ASKED -> "not asked";
        });
    if (!row.why().isEmpty()) {
      out().println("      " + Text.oneLine(row.why()));
    }
  }

  private void print(String... columns) {
    String line = String.format("%-3s %-9s %-12s %-33s %-38s %s", (Object[]) columns);
    out().println(Text.oneLine(line).stripTrailing());
  }
}
