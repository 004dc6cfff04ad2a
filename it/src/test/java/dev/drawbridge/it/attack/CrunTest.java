package dev.drawbridge.it.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.it.Crun;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The shim before crun instead of runc: rules, capabilities, exec, and who says why not. */
@Tag("it")
final class CrunTest {
  private static final String CRUN = "guarded-crun";
  private static final String WITHOUT_CGROUP = "crun-without-cgroup";
  private static final String NOTHING = "nothing";
  private static final String ARRIVED = "arrived";

  @Test
  void whatHoldsWithRuncHoldsWithCrun() {
    Table table = new Table("crun");
    try (Ground ground = Ground.open()) {
      ground
          .agent()
          .registerBefore(CRUN, Crun.wrapped(ground.shared("common").resolve("crun"), ""));
      // Without a cgroup of its own a container cannot be guarded, which only its hook finds out.
      ground
          .agent()
          .registerBefore(
              WITHOUT_CGROUP,
              Crun.wrapped(
                  ground.shared("common").resolve("without-cgroup"), "--cgroup-manager=disabled"));
      ground.idle("target", options("app=target", "drawbridge.capabilities=net-raw"));
      ground.idle("free", options("app=free"));
      ground.idle("shut", options("app=shut", "drawbridge.policy.o=may connect 9 on app=x"));
      table.row("its runtime", CRUN, ground.docker().inspect("free", "{{.HostConfig.Runtime}}"));
      table.row(
          "how it is guarded", "hook", ground.endpoint("free").get("attachment").getAsString());
      table.row("one without rules", ARRIVED, ground.reach("free", "target", "tcp"));
      table.row("one whose rules forbid it", NOTHING, ground.reach("shut", "target", "tcp"));
      table.row("its frames", NOTHING, ground.reach("shut", "target", "af-packet"));
      Output first = run(ground, "app=x", "cat", "/proc/self/status");
      table.row("its first process", "no NET_RAW", CapabilityTricks.netRaw(first));
      table.row("exec", "no NET_RAW", exec(ground, "free"));
      table.row("exec where the label asks for it", "NET_RAW", exec(ground, "target"));
      table.row("an exit code", "7", "" + run(ground, "app=x", "/bin/sh", "-c", "exit 7").status());
      table.row(
          "an exec's exit code",
          "7",
          "" + ground.docker().run("exec", "free", "/bin/sh", "-c", "exit 7").status());
      Output large = run(ground, "a=" + "y".repeat(100_000), "/bin/true");
      table.row("a large label", "0", large.status() == 0 ? "0" : large.text());
      table.row(
          "a refusal",
          "one sentence",
          said(
              run(
                  ground,
                  List.of("b=" + "y".repeat(100_000), "c=" + "y".repeat(100_000)),
                  "a=" + "y".repeat(100_000),
                  "/bin/true"),
              "more than 256 KiB of labels"));
      table.row(
          "a refusal of the hook's",
          "one sentence",
          said(
              ground
                  .docker()
                  .run("run", "--rm", "--runtime", WITHOUT_CGROUP, LabImage.NAME, "/bin/true"),
              "cannot be guarded"));
      table.row("agent dead: exec goes on", "no NET_RAW", dead(ground));
      ground.agent().start();
      table.row("and comes back", ARRIVED, ground.reach("free", "target", "tcp"));
    }
    assertEquals("", table.verdict());
  }

  private static String dead(Ground ground) {
    ground.agent().kill();
    String told = said(run(ground, "app=x", "/bin/true"), "the agent is not answering");
    return told.equals("one sentence") ? exec(ground, "free") : told;
  }

  private static String exec(Ground ground, String name) {
    return CapabilityTricks.netRaw(ground.docker().run("exec", name, "cat", "/proc/self/status"));
  }

  private static String[] options(String... labels) {
    List<String> options = new ArrayList<>(List.of("--runtime", CRUN));
    options.addAll(Ground.labels(labels));
    return options.toArray(String[]::new);
  }

  private static Output run(Ground ground, String label, String... command) {
    return run(ground, List.of(), label, command);
  }

  private static Output run(Ground ground, List<String> labels, String label, String... command) {
    List<String> run = new ArrayList<>(List.of("run", "--rm", "--network", "ground"));
    run.addAll(List.of(options(label)));
    run.addAll(Ground.labels(labels.toArray(String[]::new)));
    run.add(LabImage.NAME);
    run.addAll(List.of(command));
    return ground.docker().run(run.toArray(String[]::new));
  }

  /** What Docker quotes must be one line that says what is wrong. */
  private static String said(Output output, String part) {
    boolean quoted =
        output
            .text()
            .lines()
            .anyMatch(line -> line.contains("drawbridge: ") && line.contains(part));
    return !output.ok() && quoted ? "one sentence" : output.status() + ": " + output.text();
  }
}
