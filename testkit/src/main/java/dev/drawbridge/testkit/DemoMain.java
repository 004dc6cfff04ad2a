package dev.drawbridge.testkit;

import dev.drawbridge.testkit.scenario.Observation;
import dev.drawbridge.testkit.scenario.Programme;
import dev.drawbridge.testkit.scenario.Row;
import dev.drawbridge.testkit.scenario.Scenario;
import dev.drawbridge.testkit.scenario.Stage;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * {@code ./drawbridge demo [--plain] [--short]}: the scenario as a table. {@code --plain} shows the
 * same engines without Drawbridge, {@code --short} the rows that must hold wherever it runs.
 */
public final class DemoMain {
  private static final String LINE = "%-4s %-15s %-9s %-43s %-41s %s%n";

  private final PrintStream out;
  private int told;
  private int agreed;

  private DemoMain(PrintStream out) {
    this.out = out;
  }

  public static void main(String[] arguments) {
    List<String> options = List.of(arguments);
    boolean brief = options.contains("--short");
    int status = 1;
    try (EngineLab lab = brief ? EngineLab.start() : Programme.lab()) {
      status = new DemoMain(System.out).run(lab, options.contains("--plain"), brief);
    } catch (LabException e) {
      System.err.println("drawbridge: " + e.getMessage());
    }
    System.exit(status);
  }

  private int run(EngineLab lab, boolean plain, boolean brief) {
    out.println(
        "A private engine: dockerd and containerd with their own data, sockets and network.");
    LabImage.importInto(lab);
    Optional<LabAgent> agent =
        plain ? Optional.empty() : Optional.of(LabAgent.start(lab, Distribution.locate()));
    agent.ifPresent(a ->
        out.println(
            "The agent is ready in " + a.readyMillis() + " ms; docker run now goes through it."));
    Stage stage = Stage.set(lab, agent);
    if (brief) {
      tell(stage, "Docker", Scenario.essentialRows());
    } else {
      Programme.here().forEach(part -> tell(stage, part.title(), part.rows()));
      Programme.notHere().forEach(line -> out.println("\n" + line));
    }
    out.println();
    out.println(agreed + " of " + told + " as expected");
    if (agreed == told) {
      return 0;
    }
    agent.ifPresent(DemoMain::keepLogs);
    return 1;
  }

  private static void keepLogs(LabAgent agent) {
    Path logs = agent.distribution().root().resolveSibling("demo.log");
    agent.keepLogs(logs);
    System.err.println("what agent and engine wrote: " + logs);
  }

  private void tell(Stage stage, String engine, List<Row> rows) {
    out.println();
    out.println(engine);
    out.printf(LINE, "row", "who", "whom", "what", "expected", "actual");
    for (Row row : rows) {
      Observation observation = row.observe(stage);
      boolean agrees = row.agrees(observation);
      told++;
      agreed += agrees ? 1 : 0;
      out.printf(
          LINE,
          row.number(),
          row.caller(),
          row.callee(),
          row.request(),
          row.expected(),
          agrees ? "as expected" : "DIFFERS: " + observation.actual());
      if (!observation.why().isEmpty()) {
        out.println("       " + observation.why());
      }
      out.flush();
    }
  }
}
