package dev.drawbridge.bench;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Output;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * GET /users, 1 KB, keep-alive, from one container to another: over the bare bridge, through the
 * engine, and through HAProxy with the same rule as an ACL, placed as the engine is, in the
 * caller's network namespace. wrk runs in the caller's container. Every round measures each path
 * once, in rotating order.
 */
final class HttpBench {
  private static final int ROUNDS = Integer.getInteger("drawbridge.bench.rounds", 7);
  private static final int SECONDS = Integer.getInteger("drawbridge.bench.seconds", 3);
  private static final List<Integer> CONNECTIONS = List.of(1, 32);
  private static final Pattern RATE = Pattern.compile("Requests/sec:\\s+([0-9.]+)");
  private static final Pattern MEDIAN = Pattern.compile("50%\\s+([0-9.]+)(us|ms|s)\\b");
  private static final Pattern RSS = Pattern.compile("VmRSS:\\s+(\\d+) kB");

  /** How a request travels. */
  private enum Way {
    BRIDGE("bare bridge", "bare-caller", "bare-callee"),
    ENGINE("engine", "caller", "callee"),
    HAPROXY("haproxy", "bare-haproxy", "bare-callee");

    private final String title;
    private final String caller;
    private final String callee;

    Way(String title, String caller, String callee) {
      this.title = title;
      this.caller = caller;
      this.callee = callee;
    }
  }

  private final Docker docker;
  private final LabAgent agent;

  private HttpBench(Docker docker, LabAgent agent) {
    this.docker = docker;
    this.agent = agent;
  }

  static void run(PrintStream out) {
    try (EngineLab lab = EngineLab.start()) {
      BenchImage.importInto(lab);
      // The bare containers are not even looked at: neither hooked nor found by the listener.
      LabAgent agent = LabAgent.start(lab, Distribution.locate(), List.of("bare-*"));
      HttpBench bench = new HttpBench(lab.docker(), agent);
      bench.startContainers();
      bench.measure(out);
    }
  }

  private void startContainers() {
    docker.must(
        "run",
        "-d",
        "--runtime",
        "runc",
        "--name",
        "bare-callee",
        BenchImage.NAME,
        "/usr/sbin/nginx");
    docker.must("run", "-d", "--runtime", "runc", "--name", "bare-caller", BenchImage.NAME);
    docker.must(
        "run",
        "-d",
        "--runtime",
        "runc",
        "--name",
        "bare-haproxy",
        "--env",
        "CALLEE=" + address("bare-callee"),
        BenchImage.NAME,
        "/usr/sbin/haproxy",
        "-db",
        "-f",
        "/etc/haproxy/haproxy.cfg");
    docker.must(
        "run",
        "-d",
        "--name",
        "callee",
        "--label",
        "app=db",
        "--label",
        "drawbridge.policy.read=app=api may GET /users",
        BenchImage.NAME,
        "/usr/sbin/nginx");
    docker.must("run", "-d", "--name", "caller", "--label", "app=api", BenchImage.NAME);
    for (Way way : Way.values()) {
      Await.until(
          way.title + " answers 200",
          Duration.ofSeconds(20),
          () -> status(way, "/users").equals("200"));
    }
    for (Way way : List.of(Way.ENGINE, Way.HAPROXY)) {
      String status = status(way, "/admin");
      if (!status.equals("403")) {
        throw new LabException(
            way.title + " answers " + status + " to /admin, so it does not apply the rule");
      }
    }
  }

  private String address(String container) {
    return docker.inspect(container, "{{.NetworkSettings.IPAddress}}");
  }

  private String url(Way way, String path) {
    return "http://" + (way == Way.HAPROXY ? "127.0.0.1:8000" : address(way.callee)) + path;
  }

  private String status(Way way, String path) {
    return docker
        .run(
            "exec",
            way.caller,
            "curl",
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            url(way, path))
        .out();
  }

  private void measure(PrintStream out) {
    Map<Way, Map<Integer, Sample>> rates = new EnumMap<>(Way.class);
    Map<Way, Map<Integer, Sample>> medians = new EnumMap<>(Way.class);
    for (Way way : Way.values()) {
      rates.put(way, samples());
      medians.put(way, samples());
      load(way, 32);
    }
    for (int round = 0; round < ROUNDS; round++) {
      for (int connections : CONNECTIONS) {
        for (int i = 0; i < Way.values().length; i++) {
          Way way = Way.values()[(i + round) % Way.values().length];
          String report = load(way, connections);
          sample(rates, way, connections).add(number(RATE, report));
          sample(medians, way, connections).add(micros(report));
        }
      }
    }
    out.printf(
        Locale.ROOT,
        "GET /users, 1 KB, keep-alive; medians of %d rounds of %d s%n",
        ROUNDS,
        SECONDS);
    out.printf(
        Locale.ROOT,
        "%-12s %11s %11s %11s %11s%n",
        "way",
        "req/s c=1",
        "p50 us c=1",
        "req/s c=32",
        "p50 us c=32");
    for (Way way : Way.values()) {
      out.printf(
          Locale.ROOT,
          "%-12s %11.0f %11.1f %11.0f %11.1f%n",
          way.title,
          sample(rates, way, 1).median(),
          sample(medians, way, 1).median(),
          sample(rates, way, 32).median(),
          sample(medians, way, 32).median());
    }
    double engine = sample(rates, Way.ENGINE, 32).median();
    out.printf(
        Locale.ROOT,
        "{\"vs_haproxy_rps_32\":%.3f,\"vs_bridge_rps_32\":%.3f,\"vs_bridge_p50_1\":%.3f,\"rss_mb\":%.1f,\"ready_ms\":%d}%n",
        engine / sample(rates, Way.HAPROXY, 32).median(),
        engine / sample(rates, Way.BRIDGE, 32).median(),
        sample(medians, Way.ENGINE, 1).median() / sample(medians, Way.BRIDGE, 1).median(),
        residentMegabytes(),
        agent.readyMillis());
  }

  private static Map<Integer, Sample> samples() {
    return Map.of(1, new Sample(), 32, new Sample());
  }

  private static Sample sample(Map<Way, Map<Integer, Sample>> all, Way way, int connections) {
    Sample sample = all.getOrDefault(way, Map.of()).get(connections);
    if (sample == null) {
      throw new IllegalStateException("no sample for " + way + " at " + connections);
    }
    return sample;
  }

  private String load(Way way, int connections) {
    Output output =
        docker.run(
            "exec",
            way.caller,
            "wrk",
            "-t1",
            "-c" + connections,
            "-d" + SECONDS + "s",
            "--latency",
            url(way, "/users"));
    String report = output.out();
    if (!output.ok() || report.contains("Non-2xx") || report.contains("Socket errors")) {
      throw new LabException(
          way.title + " at " + connections + " connections had errors:\n" + output.text());
    }
    return report;
  }

  private static double number(Pattern pattern, String report) {
    Matcher matcher = pattern.matcher(report);
    if (!matcher.find()) {
      throw new LabException("wrk did not say " + pattern + ":\n" + report);
    }
    return Double.parseDouble(matcher.group(1));
  }

  private static double micros(String report) {
    Matcher matcher = MEDIAN.matcher(report);
    if (!matcher.find()) {
      throw new LabException("wrk did not say a median:\n" + report);
    }
    double factor =
        switch (matcher.group(2)) {
          case "us" -> 1;
          case "ms" -> 1_000;
          default -> 1_000_000;
        };
    return Double.parseDouble(matcher.group(1)) * factor;
  }

  private double residentMegabytes() {
    try {
      return number(RSS, Files.readString(Path.of("/proc", Long.toString(agent.pid()), "status")))
          / 1024;
    } catch (IOException e) {
      throw new LabException("the agent is gone: " + e.getMessage(), e);
    }
  }
}
