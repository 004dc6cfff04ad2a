package dev.drawbridge.bench;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.RootFilesystem;
import dev.drawbridge.testkit.SyntheticContainers;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What layer-4 enforcement costs: the same traffic between two containers that nobody guards, and
 * between two guarded ones with a rule each, on the same bridge in turn; then what it costs the
 * agent to attach many containers, and how soon a changed policy is enforced.
 */
final class L4Bench {
  private static final String IMAGE = "drawbridge-bench-l4";
  private static final int ROUNDS = Integer.getInteger("drawbridge.bench.rounds", 9);
  private static final int SECONDS = Integer.getInteger("drawbridge.bench.seconds", 2);
  private static final int CONNECT_ROUNDS = Integer.getInteger("drawbridge.bench.connects", 60);
  private static final int CONNECTS = 1_000;
  private static final int ATTACHED = 500;
  private static final int ENDPOINTS = 1_000;
  private static final int WARM_UP = 60;
  private static final int CHANGES = 21;
  private static final int IPERF = 5201;
  private static final int SOCKPERF = 5202;
  private static final int CONNECT = 5203;
  private static final Pattern BITS =
      Pattern.compile("\"sum_received\":\\s*\\{[^}]*\"bits_per_second\":\\s*([0-9.e+]+)");
  private static final Pattern LATENCY = Pattern.compile("percentile 50.000 =\\s*([0-9.]+)");

  /** The two pairs of containers. */
  private enum Way {
    BRIDGE("bare bridge", "bare-"),
    GUARDED("guarded", "");

    private final String title;
    private final String caller;
    private final String callee;

    Way(String title, String prefix) {
      this.title = title;
      this.caller = prefix + "caller";
      this.callee = prefix + "callee";
    }
  }

  private final EngineLab lab;
  private final Docker docker;
  private final LabAgent agent;
  private final PrintStream out;

  private L4Bench(EngineLab lab, LabAgent agent, PrintStream out) {
    this.lab = lab;
    this.docker = lab.docker();
    this.agent = agent;
    this.out = out;
  }

  static void run(PrintStream out) {
    try (EngineLab lab = EngineLab.start()) {
      RootFilesystem.withBusybox(lab.directory().resolve("l4-image"))
          .program(Path.of("/usr/bin/iperf3"))
          .program(Path.of("/usr/bin/sockperf"))
          .program(Path.of(System.getProperty("java.home"), "lib", "server", "libjvm.so"))
          .program(Path.of(System.getProperty("java.home"), "lib", "libzip.so"))
          .importAs(lab.docker(), IMAGE, "[\"/bin/sleep\", \"100000\"]");
      LabAgent agent = LabAgent.start(lab, Distribution.locate(), List.of("bare-*"));
      L4Bench bench = new L4Bench(lab, agent, out);
      bench.startContainers();
      try (Peer bare = bench.probe(Way.BRIDGE);
          Peer guarded = bench.probe(Way.GUARDED)) {
        bench.measure(bare, guarded);
      }
    }
  }

  private void startContainers() {
    for (Way way : Way.values()) {
      start(
          way,
          way.callee,
          "app=db",
          "drawbridge.policy.in=app=api may connect 5201-5203/tcp,5203/udp");
      docker.must("exec", "-d", way.callee, "iperf3", "-s", "-p", Integer.toString(IPERF));
      docker.must(
          "exec",
          "-d",
          way.callee,
          "sockperf",
          "server",
          "--tcp",
          "-p",
          Integer.toString(SOCKPERF));
      Peer.detached(docker, way.callee, ConnectProbe.class, "serve", Integer.toString(CONNECT));
      start(
          way,
          way.caller,
          "app=api",
          "drawbridge.policy.out=may connect 5201-5203/tcp,5203/udp on app=db");
      for (int port : List.of(IPERF, SOCKPERF, CONNECT)) {
        Await.until(
            way.title + " reaches port " + port,
            Duration.ofSeconds(20),
            () ->
                docker
                    .run(
                        "exec",
                        way.caller,
                        "nc",
                        "-w",
                        "2",
                        address(way),
                        Integer.toString(port),
                        "-e",
                        "/bin/true")
                    .ok());
      }
    }
    Output stranger =
        docker.run(
            "exec",
            Way.GUARDED.caller,
            "nc",
            "-w",
            "2",
            address(Way.GUARDED),
            "5204",
            "-e",
            "/bin/true");
    if (!stranger.text().contains("not permitted")) {
      throw new LabException("the guarded pair is not guarded: " + stranger.text());
    }
  }

  private void start(Way way, String name, String label, String policy) {
    List<String> command = new ArrayList<>(List.of("run", "-d", "--name", name));
    if (way == Way.BRIDGE) {
      command.addAll(List.of("--runtime", "runc"));
    }
    command.addAll(List.of("--label", label, "--label", policy));
    command.addAll(Peer.mounts());
    command.add(IMAGE);
    docker.must(command.toArray(String[]::new));
  }

  private String address(Way way) {
    return docker.inspect(way.callee, "{{.NetworkSettings.IPAddress}}");
  }

  private Peer probe(Way way) {
    return Peer.in(docker, way.caller, ConnectProbe.class, address(way), Integer.toString(CONNECT));
  }

  private void measure(Peer bare, Peer guarded) {
    out.printf(Locale.ROOT, "%-46s %12s %12s %8s%n", "", "bare bridge", "guarded", "ratio");
    double throughput = paired("throughput, Gbit/s (iperf3, one stream)", this::throughput);
    double rate =
        paired("64-byte request/response, round trips/s", way -> 1e6 / (2 * latency(way)));
    double tcp = connects("TCP connect() to its return, us", "tcp", bare, guarded);
    double udp = connects("UDP connect(), us: the hook alone", "udp", bare, guarded);
    try (SyntheticContainers many =
        new SyntheticContainers(
            agent.hookSocket(), lab.directory().resolve("bundles"), lab.id() + "-many")) {
      for (int i = 0; i < WARM_UP; i++) {
        many.admit(many.create(ENDPOINTS + i, labels(ENDPOINTS + i)));
      }
      Sample all = new Sample();
      Sample first = new Sample();
      Sample last = new Sample();
      Stages stages = new Stages(agent);
      stages.begin();
      for (int i = 0; i < ATTACHED; i++) {
        double millis = many.admit(many.create(i, labels(i)));
        all.add(millis);
        if (i < WARM_UP) {
          first.add(millis);
        } else if (i >= ATTACHED - WARM_UP) {
          last.add(millis);
        }
      }
      double growth = last.median() / first.median();
      out.printf(
          Locale.ROOT,
          "attach, ms: median of %d %.2f (p90 %.2f); of the first %d %.2f, of the last %d %.2f%n",
          ATTACHED,
          all.median(),
          all.quantile(0.9),
          WARM_UP,
          first.median(),
          WARM_UP,
          last.median());
      stages.print(out);
      double later =
          connects("UDP connect(), us, with " + ATTACHED + " more attached", "udp", bare, guarded);
      for (int i = ATTACHED; i < ENDPOINTS - WARM_UP; i++) {
        many.admit(many.create(i, labels(i)));
      }
      double change = changes(guarded);
      out.printf(
          Locale.ROOT,
          "{\"throughput_ratio\":%.3f,\"rr_ratio\":%.3f,\"connect_added_us\":%.2f,\"attach_ms\":%.2f,"
              + "\"attach_growth_500\":%.2f,\"change_to_enforced_ms\":%.2f,"
              + "\"connect_udp_added_us\":%.2f,\"connect_udp_added_500_us\":%.2f}%n",
          throughput,
          rate,
          tcp,
          all.median(),
          growth,
          change,
          udp,
          later);
    }
  }

  private static Map<String, String> labels(int number) {
    return Map.of(
        "app",
        "app" + number,
        "drawbridge.policy.in",
        "app=app" + (number * 7 + 1) % ENDPOINTS + " may connect 5000-5010",
        "drawbridge.policy.out",
        "may connect 5000-5010 on app=app" + (number * 3 + 1) % ENDPOINTS);
  }

  /** The median of the ratios of rounds; in each both ways are measured once, in turn. */
  private double paired(String title, java.util.function.ToDoubleFunction<Way> measurement) {
    Sample bridge = new Sample();
    Sample guarded = new Sample();
    Sample ratio = new Sample();
    for (int round = 0; round < ROUNDS; round++) {
      double plain = 0;
      double ours = 0;
      for (int i = 0; i < Way.values().length; i++) {
        Way way = Way.values()[(i + round) % Way.values().length];
        double value = measurement.applyAsDouble(way);
        if (way == Way.BRIDGE) {
          plain = value;
        } else {
          ours = value;
        }
      }
      bridge.add(plain);
      guarded.add(ours);
      ratio.add(ours / plain);
    }
    row(title, bridge.median(), guarded.median(), ratio.median());
    return ratio.median();
  }

  private void row(String title, double bridge, double guarded, double ratio) {
    out.printf(Locale.ROOT, "%-46s %12.2f %12.2f %8.3f%n", title, bridge, guarded, ratio);
  }

  private double throughput(Way way) {
    String report =
        docker.must(
            "exec",
            way.caller,
            "iperf3",
            "-J",
            "-c",
            address(way),
            "-p",
            Integer.toString(IPERF),
            "-t",
            Integer.toString(SECONDS));
    return number(BITS, report) / 1e9;
  }

  private double latency(Way way) {
    Output report =
        docker.run(
            "exec",
            way.caller,
            "sockperf",
            "ping-pong",
            "--tcp",
            "-i",
            address(way),
            "-p",
            Integer.toString(SOCKPERF),
            "-m",
            "64",
            "-t",
            Integer.toString(SECONDS));
    return number(LATENCY, report.text());
  }

  private static double number(Pattern pattern, String report) {
    Matcher matcher = pattern.matcher(report);
    if (!matcher.find()) {
      throw new LabException("no " + pattern + " in:\n" + report);
    }
    return Double.parseDouble(matcher.group(1));
  }

  /** The median of the differences of pairs of rounds, in microseconds. */
  private double connects(String title, String kind, Peer bare, Peer guarded) {
    String command = kind + " " + CONNECTS;
    for (int i = 0; i < 10; i++) {
      bare.ask(command);
      guarded.ask(command);
    }
    Sample bridge = new Sample();
    Sample ours = new Sample();
    Sample added = new Sample();
    for (int round = 0; round < CONNECT_ROUNDS; round++) {
      boolean bareFirst = round % 2 == 0;
      double one = (bareFirst ? bare : guarded).measure(command) / 1e3;
      double other = (bareFirst ? guarded : bare).measure(command) / 1e3;
      bridge.add(bareFirst ? one : other);
      ours.add(bareFirst ? other : one);
      added.add(bareFirst ? other - one : one - other);
    }
    row(title, bridge.median(), ours.median(), ours.median() / bridge.median());
    return added.median();
  }

  /**
   * A rule of the host forbids the guarded pair, and is taken back: from the renaming of its file
   * until a connect() in the caller is answered differently.
   */
  private double changes(Peer guarded) {
    Path file = agent.policyDirectory().resolve("bench.policy");
    Sample millis = new Sample();
    write(file, "# nothing yet\n");
    for (int i = 0; i < CHANGES; i++) {
      boolean forbid = i % 2 == 0;
      guarded.tell("await " + (forbid ? "refused" : "taken"));
      Path fresh = file.resolveSibling("bench.fresh");
      write(fresh, forbid ? "app=api may not connect 5203/tcp on app=db\n" : "# nothing\n");
      long begin = System.nanoTime();
      try {
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        throw new LabException("cannot change the host's policy: " + e.getMessage(), e);
      }
      String answer = guarded.answer();
      if (answer.equals("never")) {
        throw new LabException("a changed policy was not enforced within 10 s");
      }
      millis.add((Long.parseLong(answer) - begin) / 1e6);
    }
    out.printf(
        Locale.ROOT,
        "policy file changed to enforced, ms, %d endpoints: median of %d %.2f (p90 %.2f)%n",
        ENDPOINTS,
        CHANGES,
        millis.median(),
        millis.quantile(0.9));
    return millis.median();
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new LabException("cannot write " + file + ": " + e.getMessage(), e);
    }
  }
}
