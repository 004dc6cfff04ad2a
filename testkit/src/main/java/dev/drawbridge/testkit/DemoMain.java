package dev.drawbridge.testkit;

import dev.drawbridge.testkit.scenario.Observation;
import dev.drawbridge.testkit.scenario.OtherEngine;
import dev.drawbridge.testkit.scenario.Row;
import dev.drawbridge.testkit.scenario.Scenario;
import dev.drawbridge.testkit.scenario.Stage;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * {@code ./drawbridge demo [--plain] [--short] [--engine containerd|podman]}: the scenario as a
 * table. {@code --plain} shows the same engine without Drawbridge, {@code --short} the rows that
 * must hold wherever it runs, {@code --engine} the chapter of that engine alone. Otherwise the
 * engines that are installed have their chapters at the end.
 */
public final class DemoMain {
  private static final String LINE = "%-4s %-15s %-9s %-43s %-41s %s%n";
  private static final String ENGINE = "--engine";

  private DemoMain() {}

  public static void main(String[] arguments) {
    System.exit(run(List.of(arguments), System.out));
  }

  private static int run(List<String> arguments, PrintStream out) {
    boolean brief = arguments.contains("--short");
    List<OtherEngine> engines = List.of();
    List<Row> rows = new ArrayList<>();
    if (arguments.contains(ENGINE)) {
      int at = arguments.indexOf(ENGINE) + 1;
      Optional<OtherEngine> one = engine(at < arguments.size() ? arguments.get(at) : "");
      if (one.isEmpty()) {
        System.err.println("drawbridge: demo --engine takes containerd or podman");
        return 2;
      }
      engines = List.of(one.get());
    } else if (brief) {
      rows.addAll(Scenario.essentialRows());
    } else {
      rows.addAll(Scenario.rows());
      engines = Arrays.stream(OtherEngine.values()).filter(OtherEngine::installed).toList();
    }
    engines.forEach(engine -> rows.addAll(Scenario.rows(engine)));
    boolean podman = engines.contains(OtherEngine.PODMAN);
    boolean fixed = Podman.fixedIsThere();
    int status = 1;
    try (EngineLab lab = podman ? Podman.lab() : EngineLab.start()) {
      status = tell(lab, arguments.contains("--plain"), rows, out);
    } catch (LabException e) {
      System.err.println("drawbridge: " + e.getMessage());
    } finally {
      if (podman && !fixed) {
        Podman.tidy();
      }
    }
    if (!arguments.contains(ENGINE) && !brief) {
      for (OtherEngine engine : OtherEngine.values()) {
        if (!engines.contains(engine)) {
          out.println(
              "not tried: "
                  + engine.word()
                  + ", which is not installed; sudo ./drawbridge demo --engine "
                  + engine.word()
                  + " installs it and tells its chapter");
        }
      }
    }
    return status;
  }

  private static Optional<OtherEngine> engine(String word) {
    return Arrays.stream(OtherEngine.values()).filter(e -> e.word().equals(word)).findFirst();
  }

  private static int tell(EngineLab lab, boolean plain, List<Row> rows, PrintStream out) {
    out.println(
        "A private engine: dockerd and containerd with their own data, sockets and network.");
    LabImage.importInto(lab);
    Optional<LabAgent> agent =
        plain ? Optional.empty() : Optional.of(LabAgent.start(lab, Distribution.locate()));
    agent.ifPresent(a ->
        out.println(
            "The agent is ready in " + a.readyMillis() + " ms; docker run now goes through it."));
    int status = tell(out, Stage.set(lab, agent), rows);
    if (status != 0 && agent.isPresent()) {
      Path logs = agent.get().distribution().root().resolveSibling("demo.log");
      agent.get().keepLogs(logs);
      System.err.println("what agent and engine wrote: " + logs);
    }
    return status;
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
