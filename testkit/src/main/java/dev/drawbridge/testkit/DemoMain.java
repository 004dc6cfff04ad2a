package dev.drawbridge.testkit;

import dev.drawbridge.testkit.scenario.Observation;
import dev.drawbridge.testkit.scenario.Row;
import dev.drawbridge.testkit.scenario.Scenario;
import dev.drawbridge.testkit.scenario.Stage;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * {@code ./drawbridge demo [--plain] [--short]}: the scenario as a table. {@code --plain} shows the
 * same engine without Drawbridge, {@code --short} the rows that must hold wherever it runs.
 */
public final class DemoMain {
  private static final String LINE = "%-4s %-13s %-7s %-43s %-41s %s%n";

  private DemoMain() {}

  public static void main(String[] arguments) {
    boolean plain = List.of(arguments).contains("--plain");
    PrintStream out = System.out;
    int status = 1;
    try (EngineLab lab = EngineLab.start()) {
      out.println(
          "A private engine: dockerd and containerd with their own data, sockets and network.");
      LabImage.importInto(lab);
      Optional<LabAgent> agent =
          plain ? Optional.empty() : Optional.of(LabAgent.start(lab, Distribution.locate()));
      agent.ifPresent(a ->
          out.println(
              "The agent is ready in " + a.readyMillis() + " ms; docker run now goes through it."));
      status =
          tell(
              out,
              Stage.set(lab, agent),
              List.of(arguments).contains("--short") ? Scenario.essentialRows() : Scenario.rows());
      if (status != 0 && agent.isPresent()) {
        Path logs = agent.get().distribution().root().resolveSibling("demo.log");
        agent.get().keepLogs(logs);
        System.err.println("what agent and engine wrote: " + logs);
      }
    } catch (LabException e) {
      System.err.println("drawbridge: " + e.getMessage());
    }
    System.exit(status);
  }

  private static int tell(PrintStream out, Stage stage, List<Row> rows) {
    out.println();
    out.printf(LINE, "row", "who", "whom", "what", "expected", "actual");
    int agreed = 0;
    for (Row row : rows) {
      Observation observation = row.observe(stage);
      boolean agrees = row.agrees(observation);
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
    out.println();
    out.println(agreed + " of " + rows.size() + " as expected");
    return agreed == rows.size() ? 0 : 1;
  }
}
