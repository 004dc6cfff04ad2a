package dev.drawbridge.bench;

import dev.drawbridge.testkit.Ctr;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Podman;
import dev.drawbridge.testkit.Shell;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/**
 * What the shim, the hook and the attachment add to a start by each engine that is installed,
 * against the plain runtime. A pair is one start each, in alternating order. The agent follows one
 * engine at a time.
 */
final class StartBench {
  private static final int WARM_UP = 5;
  private static final int PAIRS = Integer.getInteger("drawbridge.bench.pairs", 60);
  private static final List<String> ENGINES = List.of("docker", "containerd", "podman");

  /** The agent's stages that a start waits for; those of {@link #PARTS} are parts of the second. */
  private static final List<String> ANSWERS = List.of("patch", "create_runtime", "start");

  private static final List<String> PARTS =
      List.of(
          "describe",
          "addresses",
          "labels",
          "queue",
          "namespace",
          "attach",
          "keep",
          "interfaces",
          "converge");

  private final PrintStream out;
  private final LabAgent agent;
  private final Programs programs;
  private final Map<String, Double> added = new LinkedHashMap<>();
  private final Map<String, Double> plain = new LinkedHashMap<>();
  private int number;

  private StartBench(PrintStream out, LabAgent agent) {
    this.out = out;
    this.agent = agent;
    this.programs = Programs.measure(agent);
  }

  static void run(PrintStream out) {
    boolean withPodman = installed("podman");
    try (EngineLab lab = withPodman ? Podman.lab() : EngineLab.start()) {
      LabImage.importInto(lab);
      LabAgent agent = LabAgent.start(lab, Distribution.locate());
      StartBench bench = new StartBench(out, agent);
      bench.measure("docker", new Starter.ByDocker(lab.docker()));
      if (installed("ctr")) {
        try (Ctr ctr = new Ctr(lab)) {
          agent.restartWith(
              config -> config.addProperty("containerdSocket", ctr.socket().toString()));
          bench.measure("containerd", new Starter.ByContainerd(ctr));
        }
        agent.restartWith(config -> config.remove("containerdSocket"));
      } else {
        out.println("containerd: not measured, there is no ctr");
      }
      if (withPodman) {
        try (Podman podman = Podman.in(lab)) {
          agent.restartWith(config -> config.addProperty("podmanRoot", podman.root().toString()));
          bench.measure("podman", new Starter.ByPodman(lab, podman));
        }
      } else {
        out.println("podman: not measured, it is not installed");
      }
      bench.finish();
    }
  }

  private static boolean installed(String program) {
    return Shell.run("sh", "-c", "command -v " + program).ok();
  }

  private void measure(String engine, Starter starter) {
    Sample alone = new Sample();
    Sample guarded = new Sample();
    for (int pair = 0; pair < WARM_UP; pair++) {
      double _ = start(starter, false);
      double _ = start(starter, true);
    }
    Stages stages = new Stages(agent);
    stages.begin();
    for (int pair = 0; pair < PAIRS; pair++) {
      if (pair % 2 == 0) {
        alone.add(start(starter, false));
        guarded.add(start(starter, true));
      } else {
        guarded.add(start(starter, true));
        alone.add(start(starter, false));
      }
    }
    added.put(engine, guarded.median() - alone.median());
    plain.put(engine, alone.median());
    out.printf(Locale.ROOT, "%s, %d interleaved pairs (ms)%n", starter.what(), PAIRS);
    out.printf(Locale.ROOT, "%-12s %8s %8s %8s%n", "runtime", "p10", "median", "p90");
    row("runc", alone);
    row("drawbridge", guarded);
    out.printf(Locale.ROOT, "ratio of medians %.3f%n", guarded.median() / alone.median());
    explain(guarded.median() - alone.median(), stages.means());
    out.println();
  }

  private double start(Starter starter, boolean guarded) {
    return starter.start("start-" + ++number, guarded);
  }

  private void row(String name, Sample sample) {
    out.printf(
        Locale.ROOT,
        "%-12s %8.1f %8.1f %8.1f%n",
        name,
        sample.quantile(0.1),
        sample.median(),
        sample.quantile(0.9));
  }

  /** Where each millisecond goes. What is left over is the engine's and the kernel's part in it. */
  private void explain(double total, Map<String, Double> means) {
    double answers = sum(means, ANSWERS);
    // The shim comes before the runtime's create and start, the hook once between them.
    double processes = 2 * programs.shim() + programs.hook();
    out.printf(
        Locale.ROOT,
        "added %.1f = the agent's answers %.1f (%s) + shim 2 x %.1f + hook %.1f + the rest %.1f%n",
        total,
        answers,
        words(means, ANSWERS),
        programs.shim(),
        programs.hook(),
        total - answers - processes);
    out.println("of that and beside the runtime: " + words(means, PARTS));
  }

  private static double sum(Map<String, Double> means, List<String> stages) {
    return stages.stream().mapToDouble(stage -> means.getOrDefault(stage, 0.0)).sum();
  }

  private static String words(Map<String, Double> means, List<String> stages) {
    StringJoiner words = new StringJoiner(", ");
    for (String stage : stages) {
      words.add(String.format(Locale.ROOT, "%s %.2f", stage, means.getOrDefault(stage, 0.0)));
    }
    return words.toString();
  }

  private void finish() {
    out.println("{\"start_added_ms\":" + json(added) + ",\"start_plain_ms\":" + json(plain) + "}");
  }

  /** One that was not measured is null. */
  private static String json(Map<String, Double> millis) {
    StringJoiner members = new StringJoiner(",", "{", "}");
    for (String engine : ENGINES) {
      Double value = millis.get(engine);
      members.add(
          "\""
              + engine
              + "\":"
              + (value == null ? "null" : String.format(Locale.ROOT, "%.1f", value)));
    }
    return members.toString();
  }
}
