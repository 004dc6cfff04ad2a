package dev.drawbridge.testkit;

import dev.drawbridge.testkit.scenario.Scenario;
import dev.drawbridge.testkit.scenario.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;

/**
 * Makes the agent's AOT cache by a training run on a lab: the first chapters of the scenario, and
 * many starts. The cache lies in the distribution's {@code aot} directory under the hash of what it
 * was made from; every other one is removed.
 */
public final class TrainMain {
  private static final int ROWS = 12;
  private static final int STARTS = 150;

  private TrainMain() {}

  public static void main(String[] arguments) throws IOException {
    int status = 0;
    try {
      train(Distribution.locate());
    } catch (LabException e) {
      System.err.println("drawbridge: no AOT cache: " + e.getMessage());
      status = 1;
    }
    System.exit(status);
  }

  /**
   * So many that the cache knows what a start needs: an agent that was just started is asked for
   * all containers of a host at once.
   */
  private static void starts(EngineLab lab, LabAgent agent) {
    try (SyntheticContainers many =
        new SyntheticContainers(
            agent.hookSocket(), lab.directory().resolve("bundles"), lab.id() + "-many")) {
      for (int i = 0; i < STARTS; i++) {
        Map<String, String> labels =
            Map.of(
                "app",
                "app" + i,
                "drawbridge.policy.in",
                "app=app" + (i + 1) + " may connect 5000-5010\napp=api may GET /users/*",
                "drawbridge.policy.out",
                "may connect 5000-5010 on app=app" + (i + 2));
        double _ = many.admit(many.create(i, labels));
      }
    }
  }

  private static void train(Distribution distribution) throws IOException {
    Path directory = distribution.root().resolve("aot");
    Output name =
        Shell.run(
            Shell.DEADLINE,
            Map.of("DRAWBRIDGE_JAVA_HOME", System.getProperty("java.home")),
            java.util.List.of(distribution.agent().toString(), "--aot-name"));
    if (!name.ok()) {
      throw new LabException("the launcher cannot name the cache: " + name.text());
    }
    Path cache = directory.resolve(name.out().strip() + ".aot");
    if (Files.exists(cache)) {
      return;
    }
    Path recording = distribution.root().resolve("recording.aot");
    try (EngineLab lab = EngineLab.start()) {
      LabImage.importInto(lab);
      LabAgent agent = LabAgent.train(lab, distribution, recording);
      Stage stage = Stage.set(lab, Optional.of(agent));
      Scenario.rows().stream().limit(ROWS).forEach(row -> row.observe(stage));
      starts(lab, agent);
      agent.api("/v1/status");
      agent.api("/v1/flows?last=10");
    }
    if (!Files.exists(recording)) {
      throw new LabException("the training run left no cache");
    }
    LabSweep.deleteTree(directory);
    Files.createDirectories(directory);
    Files.move(recording, cache, StandardCopyOption.ATOMIC_MOVE);
  }
}
