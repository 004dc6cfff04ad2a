package dev.drawbridge.bench;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabException;
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
 * Kafka from one container to another, over the bare bridge and through the engine: records of a
 * kilobyte in batches, as the client makes them by default, and single records from producer to
 * consumer. Each way has a broker of its own, started alike. Every round measures each way once, in
 * turns; a ratio is the median of the rounds' ratios.
 */
final class KafkaBench {
  private static final int ROUNDS = Integer.getInteger("drawbridge.bench.rounds", 7);
  private static final int SECONDS = Integer.getInteger("drawbridge.bench.seconds", 3);
  private static final int FILLED = 200_000;
  private static final int SINGLES = 300;
  private static final Pattern RSS = Pattern.compile("VmRSS:\\s+(\\d+) kB");

  private enum Way {
    DIRECT("bare bridge", "bare-client", "bare-kafka"),
    ENGINE("engine", "client", "kafka");

    private final String title;
    private final String client;
    private final String broker;

    Way(String title, String client, String broker) {
      this.title = title;
      this.client = client;
      this.broker = broker;
    }
  }

  private enum What {
    PRODUCE("produced, records/s"),
    CONSUME("consumed, records/s"),
    MEDIAN("one record, p50 us"),
    TAIL("one record, p99 us");

    private final String title;

    What(String title) {
      this.title = title;
    }
  }

  private final Docker docker;
  private final LabAgent agent;
  private final Map<Way, Peer> clients = new EnumMap<>(Way.class);
  private final Map<What, Map<Way, List<Double>>> values = new EnumMap<>(What.class);

  private KafkaBench(Docker docker, LabAgent agent) {
    this.docker = docker;
    this.agent = agent;
  }

  static void run(PrintStream out) {
    try (EngineLab lab = EngineLab.start()) {
      BenchImage.importInto(lab);
      LabAgent agent = LabAgent.start(lab, Distribution.locate(), List.of("bare-*"));
      KafkaBench bench = new KafkaBench(lab.docker(), agent);
      try {
        bench.startContainers();
        bench.measure();
        bench.print(out);
      } finally {
        bench.clients.values().forEach(Peer::close);
      }
    }
  }

  private void startContainers() {
    start("bare-kafka", true, List.of());
    start(
        "kafka",
        false,
        List.of(
            "app=kafka",
            "drawbridge.policy.in=app=client may consume bench-*",
            "drawbridge.policy.out=app=client may produce bench-*"));
    start("bare-client", true, List.of());
    start("client", false, List.of("app=client"));
    for (Way way : Way.values()) {
      String address = docker.inspect(way.broker, "{{.NetworkSettings.IPAddress}}");
      Peer.detached(docker, way.broker, 512, KafkaPeer.class, "serve", address);
      Peer client = Peer.in(docker, way.client, KafkaPeer.class, address);
      clients.put(way, client);
      Await.until(
          way.title + " carries records",
          Duration.ofSeconds(60),
          () -> !client.ask("fill 1").startsWith("failed"));
      String denied = client.ask("denied");
      String expected = way == Way.DIRECT ? "written" : "TopicAuthorizationException";
      if (!denied.equals(expected)) {
        throw new LabException(
            way.title + " answers " + denied + " to a topic of no rule, not " + expected);
      }
      double filled = client.measure("fill " + FILLED);
      if (filled != FILLED) {
        throw new LabException(way.title + " has " + filled + " records of " + FILLED);
      }
    }
  }

  private void start(String name, boolean bare, List<String> labels) {
    List<String> command = new ArrayList<>(List.of("run", "-d", "--name", name));
    if (bare) {
      command.addAll(List.of("--runtime", "runc"));
    }
    labels.forEach(label -> command.addAll(List.of("--label", label)));
    command.addAll(Peer.mounts());
    command.add(BenchImage.NAME);
    docker.must(command.toArray(String[]::new));
  }

  private void measure() {
    for (Way way : Way.values()) {
      once(way, false);
    }
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < Way.values().length; i++) {
        once(Way.values()[(i + round) % Way.values().length], true);
      }
    }
  }

  private void once(Way way, boolean counts) {
    Peer client = clients.get(way);
    if (client == null) {
      throw new IllegalStateException("no client for " + way);
    }
    double produced = client.measure("produce " + SECONDS * 1000);
    double consumed = client.measure("consume " + SECONDS * 1000);
    String[] single = client.ask("single " + SINGLES).split(" ", -1);
    if (single.length != 2) {
      throw new LabException(way.title + ": " + String.join(" ", single));
    }
    if (counts) {
      add(What.PRODUCE, way, produced);
      add(What.CONSUME, way, consumed);
      add(What.MEDIAN, way, Double.parseDouble(single[0]));
      add(What.TAIL, way, Double.parseDouble(single[1]));
    }
  }

  private void add(What what, Way way, double value) {
    values
        .computeIfAbsent(what, _ -> new EnumMap<>(Way.class))
        .computeIfAbsent(way, _ -> new ArrayList<>())
        .add(value);
  }

  private List<Double> of(What what, Way way) {
    return values.getOrDefault(what, Map.of()).getOrDefault(way, List.of());
  }

  private double median(What what, Way way) {
    Sample sample = new Sample();
    of(what, way).forEach(sample::add);
    return sample.median();
  }

  private double ratio(What what) {
    Sample sample = new Sample();
    for (int i = 0; i < of(what, Way.ENGINE).size(); i++) {
      sample.add(of(what, Way.ENGINE).get(i) / of(what, Way.DIRECT).get(i));
    }
    return sample.median();
  }

  private void print(PrintStream out) {
    out.printf(
        Locale.ROOT,
        "Kafka, records of 1 KB, one producer, one consumer; medians of %d rounds of %d s each%n%n",
        ROUNDS,
        SECONDS);
    out.printf(
        Locale.ROOT,
        "%-24s %14s %14s %14s%n",
        "",
        Way.DIRECT.title,
        Way.ENGINE.title,
        "engine/bare");
    for (What what : What.values()) {
      out.printf(
          Locale.ROOT,
          "%-24s %14.0f %14.0f %14.3f%n",
          what.title,
          median(what, Way.DIRECT),
          median(what, Way.ENGINE),
          ratio(what));
    }
    out.printf(
        Locale.ROOT,
        "{\"vs_direct_produce\":%.3f,\"vs_direct_consume\":%.3f,\"vs_direct_p50\":%.3f,"
            + "\"vs_direct_p99\":%.3f,\"rss_mb\":%.1f}%n",
        ratio(What.PRODUCE),
        ratio(What.CONSUME),
        ratio(What.MEDIAN),
        ratio(What.TAIL),
        residentMegabytes());
  }

  private double residentMegabytes() {
    try {
      Matcher matcher =
          RSS.matcher(Files.readString(Path.of("/proc", Long.toString(agent.pid()), "status")));
      if (!matcher.find()) {
        throw new LabException("the agent has no VmRSS");
      }
      return Double.parseDouble(matcher.group(1)) / 1024;
    } catch (IOException e) {
      throw new LabException("the agent is gone: " + e.getMessage(), e);
    }
  }
}
