package dev.drawbridge.bench;

import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabException;
import java.io.IOException;
import java.util.List;

/**
 * What the two small programs cost as processes, medians in milliseconds.
 *
 * @param shim what the shim adds to the runtime that it hands over to
 * @param hook one hook that finds the agent and asks it nothing, without what any process costs the
 *     measuring program
 */
record Programs(double shim, double hook) {
  private static final int RUNS = 100;

  /** Measures them on this machine, in turn. */
  static Programs measure(LabAgent agent) {
    List<String> runtime = List.of("runc", "--version");
    List<String> shim = List.of(agent.shim().toString(), "--version");
    List<String> nothing = List.of("true");
    List<String> hook =
        List.of(
            agent.distribution().hook().toString(),
            "--ping",
            "--socket",
            agent.hookSocket().toString());
    Sample[] samples = {new Sample(), new Sample(), new Sample(), new Sample()};
    for (int i = 0; i < RUNS; i++) {
      samples[0].add(millis(runtime));
      samples[1].add(millis(shim));
      samples[2].add(millis(nothing));
      samples[3].add(millis(hook));
    }
    return new Programs(
        samples[1].median() - samples[0].median(), samples[3].median() - samples[2].median());
  }

  private static double millis(List<String> command) {
    long begin = System.nanoTime();
    try {
      int status =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor();
      if (status != 0) {
        throw new LabException(String.join(" ", command) + ": exit " + status);
      }
    } catch (IOException e) {
      throw new LabException(String.join(" ", command) + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted", e);
    }
    return (System.nanoTime() - begin) / 1e6;
  }
}
