package dev.drawbridge.bench;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Output;
import java.io.PrintStream;
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
 * What a bad neighbour does to the latency of another container through the same engine. The
 * neighbour's processes have the lowest weight of the kernel's scheduler, so that the engine's time
 * is measured and not a lack of processors. Each attack stands between two quiet measurements; a
 * ratio is the 99th percentile during it by the mean of those beside it, and of the rounds' ratios
 * the median.
 */
final class NoisyBench {
  private static final int ROUNDS = Integer.getInteger("drawbridge.bench.rounds", 3);
  private static final int SECONDS = Integer.getInteger("drawbridge.bench.seconds", 2);
  private static final String ONLY = System.getProperty("drawbridge.bench.attack", "");

  /** Each wrk ends with it, for its last answers. */
  private static final Pattern TAIL = Pattern.compile("99%\\s+([0-9.]+)(us|ms|s)\\b");

  /** Files that the agent may have open beyond those of the quiet before it counts as quiet. */
  private static final int FEW_FILES = 24;

  private final Docker docker;
  private final Path files;
  private final Map<NoisyPeer.Attack, Sample> ratios = new EnumMap<>(NoisyPeer.Attack.class);
  private final Map<NoisyPeer.Attack, Sample> tails = new EnumMap<>(NoisyPeer.Attack.class);
  private final Map<NoisyPeer.Attack, Sample> lots = new EnumMap<>(NoisyPeer.Attack.class);
  private final Sample quiet = new Sample();

  private NoisyBench(Docker docker, long agent) {
    this.docker = docker;
    this.files = Path.of("/proc", String.valueOf(agent), "fd");
  }

  static void run(PrintStream out) {
    try (EngineLab lab = EngineLab.start()) {
      BenchImage.importInto(lab);
      LabAgent agent = LabAgent.start(lab, Distribution.locate(), List.of());
      NoisyBench bench = new NoisyBench(lab.docker(), agent.pid());
      bench.startContainers();
      try (Peer noisy = Peer.in(lab.docker(), "noisy", NoisyPeer.class, bench.address("loud"))) {
        bench.measure(noisy);
      }
      if (!ProcessHandle.of(agent.pid()).map(ProcessHandle::isAlive).orElse(false)) {
        throw new LabException("the agent has not lived through it");
      }
      bench.print(out);
    }
  }

  private void startContainers() {
    for (String callee : List.of("callee", "loud")) {
      docker.must(
          "run",
          "-d",
          "--name",
          callee,
          "--label",
          "app=" + callee,
          "--label",
          "drawbridge.policy.read=anyone may GET /users",
          "--label",
          "drawbridge.policy.blob=anyone may ANY /blob",
          BenchImage.NAME,
          "/usr/sbin/nginx");
    }
    docker.must("run", "-d", "--name", "victim", "--label", "app=victim", BenchImage.NAME);
    List<String> noisy =
        new ArrayList<>(List.of("run", "-d", "--name", "noisy", "--cpu-shares", "2"));
    noisy.addAll(Peer.mounts());
    noisy.addAll(List.of("--label", "app=noisy", BenchImage.NAME));
    docker.must(noisy.toArray(String[]::new));
    Await.until(
        "the victim is answered",
        Duration.ofSeconds(20),
        () -> docker.run("exec", "victim", "curl", "-sf", url()).ok());
  }

  private String address(String container) {
    return docker.inspect(container, "{{.NetworkSettings.IPAddress}}");
  }

  private String url() {
    return "http://" + address("callee") + "/users";
  }

  private void measure(Peer noisy) {
    for (int i = 0; i < 3; i++) {
      tail();
    }
    for (int round = 0; round < ROUNDS; round++) {
      double before = tail();
      for (NoisyPeer.Attack attack : NoisyPeer.Attack.values()) {
        if (!attack.name().contains(ONLY)) {
          continue;
        }
        int open = openFiles();
        noisy.ask(attack.name());
        double during = tail();
        add(lots, attack, noisy.measure("quiet"));
        Await.until(
            "the neighbour's connections are gone",
            Duration.ofSeconds(60),
            () -> openFiles() <= open + FEW_FILES);
        double after = tail();
        quiet.add(after);
        add(tails, attack, during);
        add(ratios, attack, during / ((before + after) / 2));
        before = after;
      }
    }
  }

  private int openFiles() {
    String[] names = files.toFile().list();
    return names == null ? 0 : names.length;
  }

  private static void add(Map<NoisyPeer.Attack, Sample> to, NoisyPeer.Attack attack, double value) {
    to.computeIfAbsent(attack, _ -> new Sample()).add(value);
  }

  /** The victim's 99th percentile in microseconds. */
  private double tail() {
    Output output =
        docker.run("exec", "victim", "wrk", "-t1", "-c8", "-d" + SECONDS + "s", "--latency", url());
    Matcher matcher = TAIL.matcher(output.out());
    if (!output.ok()
        || output.out().contains("Non-2xx")
        || output.out().contains("Socket errors")
        || !matcher.find()) {
      throw new LabException("the victim was not served:\n" + output.text());
    }
    double factor =
        switch (matcher.group(2)) {
          case "us" -> 1;
          case "ms" -> 1_000;
          default -> 1_000_000;
        };
    return Double.parseDouble(matcher.group(1)) * factor;
  }

  private void print(PrintStream out) {
    out.printf(
        Locale.ROOT,
        "a victim of 8 connections beside a bad neighbour; medians of %d rounds of %d s each%n",
        ROUNDS,
        SECONDS);
    out.printf(Locale.ROOT, "quiet: p99 %.0f us%n", quiet.median());
    out.printf(Locale.ROOT, "%-20s %10s %10s %12s%n", "attack", "p99 us", "ratio", "lots sent");
    double worst = 0;
    for (Map.Entry<NoisyPeer.Attack, Sample> entry : ratios.entrySet()) {
      NoisyPeer.Attack attack = entry.getKey();
      double ratio = entry.getValue().median();
      worst = Math.max(worst, ratio);
      out.printf(
          Locale.ROOT,
          "%-20s %10.0f %10.2f %12.0f%n",
          attack.name().toLowerCase(Locale.ROOT).replace('_', '-'),
          of(tails, attack),
          ratio,
          of(lots, attack));
    }
    out.printf(Locale.ROOT, "{\"victim_p99_ratio\":%.2f}%n", worst);
  }

  private static double of(Map<NoisyPeer.Attack, Sample> samples, NoisyPeer.Attack attack) {
    Sample sample = samples.get(attack);
    return sample == null ? 0 : sample.median();
  }
}
