package dev.drawbridge.bench;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.RootFilesystem;
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
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Questions for names from a container to a resolver on another machine: of a container that nobody
 * guards, of a guarded one without rules about names, and of one whose every answer is judged and
 * learned; each asks the resolver directly, and through Docker's own. One client is a {@link
 * DnsPeer}: dnsperf has a thread that sends and one that receives, and with one question under way
 * both wait for each other time and again, up to a tenth of a second, so that it measures itself.
 * Many clients are dnsperf's, each with one question under way. Every round measures each way once,
 * in rotating order; a ratio is the median of the rounds' ratios.
 */
final class DnsBench {
  private static final int ROUNDS = Integer.getInteger("drawbridge.bench.rounds", 7);
  private static final int SECONDS = Integer.getInteger("drawbridge.bench.seconds", 2);
  private static final int NAMES = 100;
  private static final String DOMAIN = "bench.test";
  private static final String IMAGE = "drawbridge-bench-dns";
  private static final String NETWORK = "dns";
  private static final String RESOLVER = LabNetwork.WORLD_ADDRESS;
  private static final String DOCKERS = "127.0.0.11";
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final Pattern RATE = Pattern.compile("Queries per second:\\s+([0-9.]+)");
  private static final Pattern LOST = Pattern.compile("Queries lost:\\s+(\\d+)");
  private static final Pattern AVERAGE = Pattern.compile("Average Latency \\(s\\):\\s+([0-9.]+)");
  private static final Pattern RSS = Pattern.compile("VmRSS:\\s+(\\d+) kB");

  /** Who asks. */
  private enum Way {
    BARE("nobody guards it", "bare-asker"),
    PLAIN("guarded, no rules about names", "plain"),
    NAMES("guarded, names judged and learned", "names");

    private final String title;
    private final String container;

    Way(String title, String container) {
      this.title = title;
      this.container = container;
    }
  }

  /** Whom, and how many clients at once. */
  private enum Load {
    ONE("the resolver, 1 client", RESOLVER, 1),
    MANY("the resolver, 32 clients", RESOLVER, 32),
    DOCKER_ONE("Docker's resolver, 1 client", DOCKERS, 1),
    DOCKER_MANY("Docker's resolver, 32 clients", DOCKERS, 32);

    private final String title;
    private final String resolver;
    private final int clients;

    Load(String title, String resolver, int clients) {
      this.title = title;
      this.resolver = resolver;
      this.clients = clients;
    }
  }

  /** One run: questions a second, how many had no answer, the median time to an answer. */
  private record Run(double rate, double lost, double micros) {}

  private final Docker docker;
  private final LabAgent agent;
  private final Map<Load, Map<Way, List<Run>>> runs = new EnumMap<>(Load.class);
  private final Map<Way, Peer> single = new EnumMap<>(Way.class);

  private DnsBench(Docker docker, LabAgent agent) {
    this.docker = docker;
    this.agent = agent;
  }

  static void run(PrintStream out) {
    try (EngineLab lab = EngineLab.start()) {
      RootFilesystem image =
          RootFilesystem.withBusybox(lab.directory().resolve("dns-image"))
              .program(Path.of("/usr/bin/dnsperf"))
              .text(
                  "/names",
                  IntStream.range(0, NAMES)
                      .mapToObj(i -> "n" + i + ".bench.test A\n")
                      .collect(Collectors.joining()));
      BenchImage.java(image).importAs(lab.docker(), IMAGE, "[\"/bin/sleep\", \"100000\"]");
      Process resolver = resolver(lab);
      try {
        LabAgent agent = LabAgent.start(lab, Distribution.locate(), List.of("bare-*"));
        DnsBench bench = new DnsBench(lab.docker(), agent);
        try {
          bench.startContainers();
          bench.measure();
          bench.print(out);
        } finally {
          bench.single.values().forEach(Peer::close);
        }
      } finally {
        resolver.destroyForcibly();
      }
    }
  }

  /** unbound on the machine outside, which knows all names by itself. */
  private static Process resolver(EngineLab lab) {
    Path file = lab.directory().resolve("unbound.conf");
    StringBuilder text =
        new StringBuilder(
            """
            server:
              interface: %s
              access-control: 0.0.0.0/0 allow
              do-daemonize: no
              username: ""
              chroot: ""
              pidfile: ""
              directory: "%s"
              use-syslog: no
              num-threads: 1
              module-config: "iterator"
              local-zone: "bench.test." static
            """
                .formatted(RESOLVER, lab.directory()));
    for (int i = 0; i < NAMES; i++) {
      text.append(
          "  local-data: \"n%d.bench.test. 300 IN A 198.51.100.%d\"%n".formatted(i, 100 + i));
    }
    try {
      Files.writeString(file, text);
      return new ProcessBuilder(
              lab.network().inWorld("/usr/sbin/unbound", "-d", "-c", file.toString()))
          .redirectErrorStream(true)
          .redirectOutput(lab.directory().resolve("unbound.log").toFile())
          .start();
    } catch (IOException e) {
      throw new LabException("cannot start a resolver: " + e.getMessage(), e);
    }
  }

  private void startContainers() {
    docker.must("network", "create", NETWORK);
    start(Way.BARE, "--runtime", "runc");
    start(
        Way.PLAIN,
        "--label",
        "app=plain",
        "--label",
        "drawbridge.policy.in=app=api may connect 80");
    start(
        Way.NAMES,
        "--label",
        "drawbridge.policy.names=may resolve *.bench.test",
        "--label",
        "drawbridge.policy.tls=may connect 443 on *.bench.test",
        "--label",
        "drawbridge.policy.dns=may connect 53/tcp,53/udp on " + RESOLVER);
    for (Way way : Way.values()) {
      for (String resolver : List.of(RESOLVER, DOCKERS)) {
        Await.until(
            way.title + " is answered by " + resolver,
            SOON,
            () -> answered(way, "n1.bench.test", resolver));
      }
    }
    if (answered(Way.NAMES, "n1.other.test", RESOLVER)) {
      throw new LabException("a name that may not be resolved was answered");
    }
    if (!agent.client("names", Way.NAMES.container).out().contains("n1.bench.test")) {
      throw new LabException("what was answered was not learned");
    }
  }

  private void start(Way way, String... options) {
    List<String> command =
        new ArrayList<>(
            List.of("run", "-d", "--name", way.container, "--network", NETWORK, "--dns", RESOLVER));
    command.addAll(List.of(options));
    command.addAll(Peer.mounts());
    command.add(IMAGE);
    docker.must(command.toArray(String[]::new));
    single.put(way, Peer.in(docker, way.container, DnsPeer.class, Integer.toString(NAMES), DOMAIN));
  }

  private boolean answered(Way way, String name, String resolver) {
    return docker
        .run("exec", way.container, "/bin/busybox", "nslookup", name, resolver)
        .out()
        .contains("Name:");
  }

  private void measure() {
    for (Way way : Way.values()) {
      for (Load load : Load.values()) {
        Run _ = load(way, load);
      }
    }
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < Way.values().length; i++) {
        Way way = Way.values()[(i + round) % Way.values().length];
        for (Load load : Load.values()) {
          runs.computeIfAbsent(load, _ -> new EnumMap<>(Way.class))
              .computeIfAbsent(way, _ -> new ArrayList<>())
              .add(load(way, load));
        }
      }
    }
  }

  private Run load(Way way, Load load) {
    return load.clients == 1 ? single(way, load) : dnsperf(way, load);
  }

  private Run single(Way way, Load load) {
    Peer peer = Objects.requireNonNull(single.get(way));
    String answer = peer.ask(load.resolver + " " + SECONDS * 1000);
    String[] numbers = answer.split(" ", -1);
    if (numbers.length != 3) {
      throw new LabException(way.title + ", " + load.title + ": " + answer);
    }
    return new Run(
        Double.parseDouble(numbers[0]),
        Double.parseDouble(numbers[2]),
        Double.parseDouble(numbers[1]));
  }

  private Run dnsperf(Way way, Load load) {
    Output output =
        docker.run(
            "exec",
            way.container,
            "/usr/bin/dnsperf",
            "-s",
            load.resolver,
            "-d",
            "/names",
            "-c" + load.clients,
            "-q" + load.clients,
            "-l" + SECONDS);
    String report = output.out();
    if (!output.ok() || report.contains("REFUSED") || report.contains("SERVFAIL")) {
      throw new LabException(way.title + ", " + load.title + ":\n" + output.text());
    }
    return new Run(number(RATE, report), number(LOST, report), 1e6 * number(AVERAGE, report));
  }

  private static double number(Pattern pattern, String report) {
    Matcher matcher = pattern.matcher(report);
    if (!matcher.find()) {
      throw new LabException("dnsperf did not say " + pattern + ":\n" + report);
    }
    return Double.parseDouble(matcher.group(1));
  }

  private List<Run> of(Load load, Way way) {
    return runs.getOrDefault(load, Map.of()).getOrDefault(way, List.of());
  }

  private double rate(Load load, Way way) {
    Sample sample = new Sample();
    of(load, way).forEach(run -> sample.add(run.rate));
    return sample.median();
  }

  /** By the bare container's, round by round; the median of that. */
  private double ratio(Load load, Way way) {
    Sample sample = new Sample();
    List<Run> bare = of(load, Way.BARE);
    for (int i = 0; i < bare.size(); i++) {
      sample.add(of(load, way).get(i).rate / bare.get(i).rate);
    }
    return sample.median();
  }

  private double micros(Load load, Way way) {
    Sample sample = new Sample();
    of(load, way).forEach(run -> sample.add(run.micros));
    return sample.median();
  }

  private double addedMicros(Load load, Way way) {
    Sample sample = new Sample();
    List<Run> bare = of(load, Way.BARE);
    for (int i = 0; i < bare.size(); i++) {
      sample.add(of(load, way).get(i).micros - bare.get(i).micros);
    }
    return sample.median();
  }

  private double lost(Load load, Way way) {
    return of(load, way).stream().mapToDouble(Run::lost).sum();
  }

  private void print(PrintStream out) {
    out.printf(Locale.ROOT, "questions a second; medians of %d rounds of %d s%n", ROUNDS, SECONDS);
    for (Load load : Load.values()) {
      out.printf(
          Locale.ROOT,
          "%n%-38s %12s %10s %8s %10s%n",
          load.title,
          "questions/s",
          "of bare",
          "lost",
          load.clients == 1 ? "p50, us" : "mean, us");
      for (Way way : Way.values()) {
        out.printf(
            Locale.ROOT,
            "  %-36s %12.0f %10.3f %8.0f %10.1f%n",
            way.title,
            rate(load, way),
            ratio(load, way),
            lost(load, way),
            micros(load, way));
      }
    }
    out.printf(
        Locale.ROOT,
        "{\"vs_direct_qps_1\":%.3f,\"vs_direct_qps_32\":%.3f,\"added_p50_us\":%.1f,\"lost\":%.0f,"
            + "\"rss_mb\":%.1f,\"vs_docker_qps_1\":%.3f,\"vs_docker_qps_32\":%.3f,"
            + "\"without_names_qps_32\":%.3f,\"without_names_p50_us\":%.1f}%n",
        ratio(Load.ONE, Way.NAMES),
        ratio(Load.MANY, Way.NAMES),
        addedMicros(Load.ONE, Way.NAMES),
        lost(Load.ONE, Way.NAMES) + lost(Load.MANY, Way.NAMES),
        residentMegabytes(),
        ratio(Load.DOCKER_ONE, Way.NAMES),
        ratio(Load.DOCKER_MANY, Way.NAMES),
        ratio(Load.MANY, Way.PLAIN),
        addedMicros(Load.ONE, Way.PLAIN));
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
