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
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * HTTP/1.1 from one container to another: over the bare bridge, through the engine, and through
 * HAProxy and nginx with the same rule in their own languages, placed as the engine is, in the
 * caller's network namespace, with one thread as the engine has on two processors. HAProxy is
 * measured twice: with a connection to the callee for each client, as the engine has it, and with
 * connections that clients share. wrk runs in the caller's container. Every round measures each way
 * once, in rotating order; a ratio is the median of the rounds' ratios.
 */
final class HttpBench {
  private static final int ROUNDS = Integer.getInteger("drawbridge.bench.rounds", 7);
  private static final int SECONDS = Integer.getInteger("drawbridge.bench.seconds", 2);
  private static final Pattern RATE = Pattern.compile("Requests/sec:\\s+([0-9.]+)");
  private static final Pattern RSS = Pattern.compile("VmRSS:\\s+(\\d+) kB");

  /** How a request travels. */
  enum Way {
    BRIDGE("bare bridge", "bare-caller", "bare-callee", ""),
    ENGINE("engine", "caller", "callee", ""),
    HAPROXY("haproxy", "bare-haproxy", "bare-callee", "127.0.0.1:8000"),
    SHARED("haproxy, shared upstream", "bare-haproxy", "bare-callee", "127.0.0.1:8002"),
    NGINX("nginx, shared upstream", "bare-nginx", "bare-callee", "127.0.0.1:8000");

    private final String title;
    private final String caller;
    private final String callee;
    private final String proxy;

    Way(String title, String caller, String callee, String proxy) {
      this.title = title;
      this.caller = caller;
      this.callee = callee;
      this.proxy = proxy;
    }
  }

  /** What is asked. */
  private enum Load {
    ONE("1 KB, 1 connection", 1, "/users", false),
    MANY("1 KB, 32 connections", 32, "/users", false),
    NEW("1 KB, new connection each", 32, "/users", true),
    BLOB("1 MiB, 4 connections", 4, "/blob", false);

    private final String title;
    private final int connections;
    private final String path;
    private final boolean close;

    Load(String title, int connections, String path, boolean close) {
      this.title = title;
      this.connections = connections;
      this.path = path;
      this.close = close;
    }
  }

  /** One run of wrk: requests a second, latencies in microseconds. */
  private record Run(double rate, double median, double tail) {}

  private final Docker docker;
  private final LabAgent agent;
  private final Map<Load, Map<Way, List<Run>>> runs = new EnumMap<>(Load.class);

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
      bench.measure();
      bench.print(out);
    }
  }

  private void startContainers() {
    bare("bare-callee", "", "/usr/sbin/nginx");
    bare("bare-caller", "");
    bare(
        "bare-haproxy",
        address("bare-callee"),
        "/usr/sbin/haproxy",
        "-db",
        "-f",
        "/etc/haproxy/haproxy.cfg");
    bare("bare-nginx", address("bare-callee"), "/bin/nginx-proxy");
    docker.must(
        "run",
        "-d",
        "--name",
        "callee",
        "--label",
        "app=db",
        "--label",
        "drawbridge.policy.read=app=api may GET /users",
        "--label",
        "drawbridge.policy.blob=app=api may GET /blob",
        BenchImage.NAME,
        "/usr/sbin/nginx");
    docker.must("run", "-d", "--name", "caller", "--label", "app=api", BenchImage.NAME);
    for (Way way : Way.values()) {
      for (String path : List.of("/users", "/blob")) {
        Await.until(
            way.title + " answers 200 to " + path,
            Duration.ofSeconds(20),
            () -> status(way, path).equals("200"));
      }
    }
    for (Way way : List.of(Way.ENGINE, Way.HAPROXY, Way.SHARED, Way.NGINX)) {
      String status = status(way, "/admin");
      if (!status.equals("403")) {
        throw new LabException(
            way.title + " answers " + status + " to /admin, so it does not apply the rule");
      }
    }
  }

  private void bare(String name, String callee, String... command) {
    List<String> arguments =
        new ArrayList<>(List.of("run", "-d", "--runtime", "runc", "--name", name));
    arguments.addAll(List.of("--env", "CALLEE=" + callee, BenchImage.NAME));
    arguments.addAll(List.of(command));
    docker.must(arguments.toArray(String[]::new));
  }

  private String address(String container) {
    return docker.inspect(container, "{{.NetworkSettings.IPAddress}}");
  }

  private String url(Way way, String path) {
    return "http://" + (way.proxy.isEmpty() ? address(way.callee) : way.proxy) + path;
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

  private void measure() {
    for (Way way : Way.values()) {
      load(way, Load.MANY);
      load(way, Load.NEW);
    }
    for (int round = 0; round < ROUNDS; round++) {
      for (Load load : Load.values()) {
        for (int i = 0; i < Way.values().length; i++) {
          Way way = Way.values()[(i + round) % Way.values().length];
          runs.computeIfAbsent(load, _ -> new EnumMap<>(Way.class))
              .computeIfAbsent(way, _ -> new ArrayList<>())
              .add(load(way, load));
        }
      }
    }
  }

  private Run load(Way way, Load load) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "exec",
                way.caller,
                "wrk",
                "-t1",
                "-c" + load.connections,
                "-d" + SECONDS + "s",
                "--latency"));
    if (load.close) {
      command.addAll(List.of("-H", "Connection: close"));
    }
    command.add(url(way, load.path));
    Output output = docker.run(command.toArray(String[]::new));
    String report = output.out();
    // A connection that the other end closes after its last answer may be a read error to wrk.
    if (!output.ok()
        || report.contains("Non-2xx")
        || (report.contains("Socket errors") && !load.close)) {
      throw new LabException(way.title + ", " + load.title + ":\n" + output.text());
    }
    return new Run(number(RATE, report), micros("50%", report), micros("99%", report));
  }

  private static double number(Pattern pattern, String report) {
    Matcher matcher = pattern.matcher(report);
    if (!matcher.find()) {
      throw new LabException("wrk did not say " + pattern + ":\n" + report);
    }
    return Double.parseDouble(matcher.group(1));
  }

  private static double micros(String quantile, String report) {
    Matcher matcher =
        Pattern.compile(Pattern.quote(quantile) + "\\s+([0-9.]+)(us|ms|s)\\b").matcher(report);
    if (!matcher.find()) {
      throw new LabException("wrk did not say " + quantile + ":\n" + report);
    }
    double factor =
        switch (matcher.group(2)) {
          case "us" -> 1;
          case "ms" -> 1_000;
          default -> 1_000_000;
        };
    return Double.parseDouble(matcher.group(1)) * factor;
  }

  private List<Run> of(Load load, Way way) {
    return runs.getOrDefault(load, Map.of()).getOrDefault(way, List.of());
  }

  private double median(Load load, Way way, java.util.function.ToDoubleFunction<Run> what) {
    Sample sample = new Sample();
    of(load, way).forEach(run -> sample.add(what.applyAsDouble(run)));
    return sample.median();
  }

  /** The engine's value by the other way's, round by round; the median of that. */
  private double ratio(Load load, Way other, java.util.function.ToDoubleFunction<Run> what) {
    Sample sample = new Sample();
    List<Run> ours = of(load, Way.ENGINE);
    List<Run> theirs = of(load, other);
    for (int i = 0; i < ours.size(); i++) {
      sample.add(what.applyAsDouble(ours.get(i)) / what.applyAsDouble(theirs.get(i)));
    }
    return sample.median();
  }

  private void print(PrintStream out) {
    out.printf(Locale.ROOT, "HTTP/1.1, GET; medians of %d rounds of %d s each%n", ROUNDS, SECONDS);
    Chart chart =
        new Chart(
            "Requests a second through each way, as a multiple of HAProxy's",
            "Medians of " + ROUNDS + " rounds in one run; more is better");
    for (Load load : Load.values()) {
      out.printf(
          Locale.ROOT,
          "%n%-28s %11s %9s %9s %12s %12s%n",
          load.title,
          "req/s",
          "p50 us",
          "p99 us",
          "engine/this",
          "p99 engine/");
      for (Way way : Way.values()) {
        out.printf(
            Locale.ROOT,
            "  %-26s %11.0f %9.1f %9.1f %12.3f %12.3f%n",
            way.title,
            median(load, way, Run::rate),
            median(load, way, Run::median),
            median(load, way, Run::tail),
            ratio(load, way, Run::rate),
            ratio(load, way, Run::tail));
        chart.bar(
            load.title,
            way.title,
            median(load, way, Run::rate) / median(load, Way.HAPROXY, Run::rate));
      }
    }
    chart.write("http", out);
    out.printf(
        Locale.ROOT,
        "{\"vs_haproxy_rps_1\":%.3f,\"vs_haproxy_rps_32\":%.3f,\"vs_nginx_rps_32\":%.3f,"
            + "\"vs_bridge_rps_32\":%.3f,\"vs_bridge_p50_1\":%.3f,\"vs_haproxy_conn_rate\":%.3f,"
            + "\"vs_haproxy_1mib\":%.3f,\"rss_mb\":%.1f,\"vs_haproxy_p99_32\":%.3f,"
            + "\"vs_haproxy_shared_conn_rate\":%.3f,\"ready_ms\":%d}%n",
        ratio(Load.ONE, Way.HAPROXY, Run::rate),
        ratio(Load.MANY, Way.HAPROXY, Run::rate),
        ratio(Load.MANY, Way.NGINX, Run::rate),
        ratio(Load.MANY, Way.BRIDGE, Run::rate),
        ratio(Load.ONE, Way.BRIDGE, Run::median),
        ratio(Load.NEW, Way.HAPROXY, Run::rate),
        ratio(Load.BLOB, Way.HAPROXY, Run::rate),
        residentMegabytes(),
        ratio(Load.MANY, Way.HAPROXY, Run::tail),
        ratio(Load.NEW, Way.SHARED, Run::rate),
        agent.readyMillis());
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
