package dev.drawbridge.bench;

import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import java.io.PrintStream;
import java.util.Locale;

/**
 * What the shim, the hook and the attachment add to {@code docker start}, against the plain
 * runtime. A pair is one start each, in alternating order; creation and removal are not timed.
 */
final class StartBench {
  private static final int WARM_UP = 5;
  private static final int PAIRS = Integer.getInteger("drawbridge.bench.pairs", 60);

  private final Docker docker;
  private int number;

  private StartBench(Docker docker) {
    this.docker = docker;
  }

  static void run(PrintStream out) {
    try (EngineLab lab = EngineLab.start()) {
      LabImage.importInto(lab);
      LabAgent.start(lab, Distribution.locate());
      new StartBench(lab.docker()).measure(out);
    }
  }

  private void measure(PrintStream out) {
    Sample plain = new Sample();
    Sample guarded = new Sample();
    for (int pair = 0; pair < WARM_UP; pair++) {
      start("runc");
      start("drawbridge");
    }
    for (int pair = 0; pair < PAIRS; pair++) {
      if (pair % 2 == 0) {
        plain.add(start("runc"));
        guarded.add(start("drawbridge"));
      } else {
        guarded.add(start("drawbridge"));
        plain.add(start("runc"));
      }
    }
    out.printf(Locale.ROOT, "docker start, %d interleaved pairs (ms)%n", PAIRS);
    out.printf(Locale.ROOT, "%-12s %8s %8s %8s%n", "runtime", "p10", "median", "p90");
    row(out, "runc", plain);
    row(out, "drawbridge", guarded);
    double added = guarded.median() - plain.median();
    out.printf(Locale.ROOT, "ratio of medians %.3f%n", guarded.median() / plain.median());
    out.printf(
        Locale.ROOT, "{\"start_added_ms\":%.1f,\"start_plain_ms\":%.1f}%n", added, plain.median());
  }

  private static void row(PrintStream out, String name, Sample sample) {
    out.printf(
        Locale.ROOT,
        "%-12s %8.1f %8.1f %8.1f%n",
        name,
        sample.quantile(0.1),
        sample.median(),
        sample.quantile(0.9));
  }

  /** Milliseconds that {@code docker start} takes for a container with a policy of its own. */
  private double start(String runtime) {
    String name = "start-" + ++number;
    docker.must(
        "create",
        "--name",
        name,
        "--runtime",
        runtime,
        "--label",
        "app=bench",
        "--label",
        "drawbridge.policy.read=app=api may GET /users",
        LabImage.NAME,
        "/bin/sleep",
        "1000");
    long begin = System.nanoTime();
    docker.must("start", name);
    double millis = (System.nanoTime() - begin) / 1e6;
    docker.must("rm", "-f", name);
    return millis;
  }
}
