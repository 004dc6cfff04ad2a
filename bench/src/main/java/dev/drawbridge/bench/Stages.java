package dev.drawbridge.bench;

import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.Shell;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where the time of attachments goes, by the agent's own metric of their stages. */
final class Stages {
  private static final Pattern LINE =
      Pattern.compile(
          "(?m)^drawbridge_admission_seconds_(sum|count)\\{stage=\"([a-z_]+)\"\\} ([0-9.eE+-]+)$");
  private static final double MILLIS = 1_000;

  private final LabAgent agent;
  private Map<String, Double> before = Map.of();

  Stages(LabAgent agent) {
    this.agent = agent;
  }

  /** What is told is what comes from now on. */
  void begin() {
    before = read();
  }

  /** Milliseconds that a stage took on average since {@link #begin}, by its name. */
  Map<String, Double> means() {
    Map<String, Double> now = read();
    Map<String, Double> means = new LinkedHashMap<>();
    for (String key : now.keySet()) {
      if (key.startsWith("sum ")) {
        String stage = key.substring("sum ".length());
        double count = since(now, "count " + stage);
        if (count > 0) {
          means.put(stage, since(now, key) * MILLIS / count);
        }
      }
    }
    return means;
  }

  void print(PrintStream out) {
    StringBuilder line = new StringBuilder();
    means()
        .forEach((stage, mean) -> line.append(String.format(Locale.ROOT, " %s %.2f", stage, mean)));
    out.println("attach, ms by the agent's metric, means:" + line);
  }

  private double since(Map<String, Double> now, String key) {
    return now.getOrDefault(key, 0.0) - before.getOrDefault(key, 0.0);
  }

  private Map<String, Double> read() {
    String text =
        Shell.must(
            "curl",
            "-sf",
            "--unix-socket",
            agent.apiSocket().toString(),
            "http://localhost/metrics");
    Map<String, Double> values = new LinkedHashMap<>();
    Matcher matcher = LINE.matcher(text);
    while (matcher.find()) {
      values.put(matcher.group(1) + " " + matcher.group(2), Double.parseDouble(matcher.group(3)));
    }
    return values;
  }
}
