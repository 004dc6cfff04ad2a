package dev.drawbridge.bench;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a bad neighbour does to the latency of another container through the same engine. The
 * neighbour's processes, and the servers that it asks, have the lowest weight of the kernel's
 * scheduler, so that the engine's time is measured and not a lack of processors. Each attack stands
 * between two quiet measurements; a ratio is the 99th percentile during it by the mean of those
 * beside it, and of the rounds' ratios the median.
 *
 * <p>The control is the same attack on a callee whose rules the kernel decides alone, while the
 * victim is served through the engine as before: what the same neighbour costs on the same
 * processors without passing the engine. Last comes one who only takes processors.
 */
final class NoisyBench {
  private static final int ROUNDS = Integer.getInteger("drawbridge.bench.rounds", 3);
  private static final int SECONDS = Integer.getInteger("drawbridge.bench.seconds", 2);
  private static final String ONLY = System.getProperty("drawbridge.bench.attack", "");

  /** Whether each attack is made past the engine too. */
  private static final boolean CONTROL =
      Boolean.parseBoolean(System.getProperty("drawbridge.bench.control", "true"));

  /**
   * Shell commands, one before each round and in turn, with the agent's process as argument: each
   * has a table of its own. So two settings are compared on a machine that is not the same for
   * long.
   */
  private static final String SIDES = System.getProperty("drawbridge.bench.sides", "");

  /** Of the neighbour, and of the servers that he alone asks. */
  private static final List<String> LOWEST = List.of("--cpu-shares", "2");

  private static final Pattern LOOP = Pattern.compile("drawbridge-l7-[0-9].*");
  private static final Pattern RATE = Pattern.compile("Requests/sec:\\s+([0-9.]+)");
  private static final long LOOK_NANOS = 50_000_000;

  /** Looks in which the victim's processes are looked for. */
  private static final int LOOKS_FOR_CLIENT = 8;

  private static final Pattern TAIL = Pattern.compile("99%\\s+([0-9.]+)(us|ms|s)\\b");

  /** Files that the agent may have open beyond those of the quiet before it counts as quiet. */
  private static final int FEW_FILES = 24;

  private final Docker docker;
  private final Path files;
  private final long agent;
  private final Scheduled loops = new Scheduled();
  private final Scheduled clients = new Scheduled();
  private final Scheduled servers = new Scheduled();
  private final List<Side> sides = new ArrayList<>();
  private String victim = "";
  private String callee = "";

  private NoisyBench(Docker docker, long agent) {
    this.docker = docker;
    this.agent = agent;
    this.files = Path.of("/proc", String.valueOf(agent), "fd");
    for (String command : SIDES.split(";", -1)) {
      sides.add(new Side(command));
    }
  }

  /** What was measured after one command. */
  private static final class Side {
    private final String command;
    private final Map<NoisyPeer.Attack, Seen> through = new EnumMap<>(NoisyPeer.Attack.class);
    private final Map<NoisyPeer.Attack, Seen> past = new EnumMap<>(NoisyPeer.Attack.class);
    private final Seen quiet = new Seen();

    private Side(String command) {
      this.command = command;
    }
  }

  /** What was measured of one attack one way. */
  private static final class Seen {
    private final Sample tails = new Sample();
    private final Sample ratios = new Sample();
    private final Sample rates = new Sample();
    private final Sample lots = new Sample();
    private final Sample loopRan = new Sample();
    private final Sample loopWaited = new Sample();
    private final Sample clientWaited = new Sample();
    private final Sample serverWaited = new Sample();
  }

  static void run(PrintStream out) {
    try (EngineLab lab = EngineLab.start()) {
      BenchImage.importInto(lab);
      LabAgent agent = LabAgent.start(lab, Distribution.locate(), List.of());
      NoisyBench bench = new NoisyBench(lab.docker(), agent.pid());
      bench.startContainers();
      try (Peer noisy =
          Peer.in(
              lab.docker(),
              "noisy",
              NoisyPeer.class,
              bench.address("loud"),
              bench.address("plain"))) {
        bench.measure(noisy);
      }
      if (!ProcessHandle.of(agent.pid()).map(ProcessHandle::isAlive).orElse(false)) {
        throw new LabException("the agent has not lived through it");
      }
      bench.print(out);
    }
  }

  private void startContainers() {
    List<String> judged =
        List.of(
            "drawbridge.policy.read=anyone may GET /users",
            "drawbridge.policy.blob=anyone may ANY /blob");
    serve("callee", List.of(), judged);
    serve("loud", LOWEST, judged);
    serve("plain", LOWEST, List.of("drawbridge.policy.in=anyone may connect 80-81/tcp"));
    docker.must("run", "-d", "--name", "victim", "--label", "app=victim", BenchImage.NAME);
    List<String> noisy = new ArrayList<>(List.of("run", "-d", "--name", "noisy"));
    noisy.addAll(LOWEST);
    noisy.addAll(Peer.mounts());
    noisy.addAll(List.of("--label", "app=noisy", BenchImage.NAME));
    docker.must(noisy.toArray(String[]::new));
    Await.until(
        "the victim is answered",
        Duration.ofSeconds(20),
        () -> docker.run("exec", "victim", "curl", "-sf", url()).ok());
    victim = docker.inspect("victim", "{{.Id}}");
    callee = docker.inspect("callee", "{{.Id}}");
  }

  private void serve(String name, List<String> options, List<String> labels) {
    List<String> command = new ArrayList<>(List.of("run", "-d", "--name", name));
    command.addAll(options);
    command.addAll(List.of("--label", "app=" + name));
    for (String label : labels) {
      command.addAll(List.of("--label", label));
    }
    command.addAll(List.of(BenchImage.NAME, "/usr/sbin/nginx"));
    docker.must(command.toArray(String[]::new));
  }

  private String address(String container) {
    return docker.inspect(container, "{{.NetworkSettings.IPAddress}}");
  }

  private String url() {
    return "http://" + address("callee") + "/users";
  }

  private void measure(Peer noisy) {
    for (int i = 0; i < 3; i++) {
      tail(new Seen());
    }
    for (int round = 0; round < ROUNDS; round++) {
      for (Side side : sides) {
        if (!side.command.isEmpty()) {
          Shell.must("sh", "-c", side.command, "sh", Long.toString(agent));
        }
        round(noisy, side);
      }
    }
  }

  private void round(Peer noisy, Side side) {
    double before = tail(side.quiet);
    for (NoisyPeer.Attack attack : NoisyPeer.Attack.values()) {
      if (!ONLY.isEmpty() && !List.of(ONLY.split(",", -1)).contains(attack.name())) {
        continue;
      }
      if (attack != NoisyPeer.Attack.SPINNING) {
        before = attack(noisy, attack.name(), before, side.quiet, of(side.through, attack));
      }
      if (CONTROL || attack == NoisyPeer.Attack.SPINNING) {
        before = attack(noisy, attack.name() + " past", before, side.quiet, of(side.past, attack));
      }
    }
  }

  /** One attack between two quiet measurements, of which the second is the next attack's first. */
  private double attack(Peer noisy, String command, double before, Seen quiet, Seen seen) {
    int open = openFiles();
    noisy.ask(command);
    double during = tail(seen);
    seen.lots.add(noisy.measure("quiet"));
    Await.until(
        "the neighbour's connections are gone",
        Duration.ofSeconds(60),
        () -> openFiles() <= open + FEW_FILES);
    double after = tail(quiet);
    seen.ratios.add(during / ((before + after) / 2));
    return after;
  }

  private int openFiles() {
    String[] names = files.toFile().list();
    return names == null ? 0 : names.length;
  }

  private static Seen of(Map<NoisyPeer.Attack, Seen> all, NoisyPeer.Attack attack) {
    return all.computeIfAbsent(attack, _ -> new Seen());
  }

  /** The victim's 99th percentile in microseconds. */
  private double tail(Seen seen) {
    AtomicBoolean over = new AtomicBoolean();
    Thread looking = Thread.ofPlatform().daemon().start(() -> look(over));
    Output output;
    try {
      output =
          docker.run(
              "exec", "victim", "wrk", "-t1", "-c8", "-d" + SECONDS + "s", "--latency", url());
    } finally {
      over.set(true);
      join(looking);
    }
    seen.loopRan.add(loops.since().ran() / SECONDS);
    seen.loopWaited.add(loops.since().waited() / SECONDS);
    seen.clientWaited.add(clients.since().waited() / SECONDS);
    seen.serverWaited.add(servers.since().waited() / SECONDS);
    double tail = micros(output);
    seen.tails.add(tail);
    Matcher rate = RATE.matcher(output.out());
    seen.rates.add(rate.find() ? Double.parseDouble(rate.group(1)) : 0);
    return tail;
  }

  /** Reads the accounts of loop, client and server every now and then, until it is over. */
  private void look(AtomicBoolean over) {
    for (Scheduled all : List.of(loops, clients, servers)) {
      all.begin();
    }
    List<Long> asking = List.of();
    List<Long> answering = Scheduled.processes(callee);
    for (int i = 0; !over.get(); i++) {
      if (i < LOOKS_FOR_CLIENT) {
        asking = Scheduled.processes(victim);
      }
      loops.look(agent, name -> LOOP.matcher(name).matches());
      asking.forEach(process -> clients.look(process, "wrk"::equals));
      answering.forEach(process -> servers.look(process, "nginx"::equals));
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new LabException("interrupted", e);
    }
  }

  private static double micros(Output output) {
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
    out.println(
        "\"through\" is through the engine, \"past\" the same attack on a callee that the kernel"
            + " guards alone (control);");
    out.println(
        "\"ran\" and \"waits\" are of a second, in ms: the loop, and how long loop, victim and"
            + " callee waited for a processor");
    for (Side side : sides) {
      print(out, side);
    }
  }

  private static void print(PrintStream out, Side side) {
    out.println(side.command);
    out.printf(
        Locale.ROOT,
        "%-20s %-8s %8s %7s %9s %9s %6s %6s %6s %6s%n",
        "attack",
        "way",
        "p99 us",
        "ratio",
        "requests",
        "lots",
        "ran",
        "loop",
        "victim",
        "callee");
    line(out, "quiet", "", side.quiet);
    double worst = 0;
    double control = 0;
    double added = 0;
    for (NoisyPeer.Attack attack : NoisyPeer.Attack.values()) {
      String name = attack.name().toLowerCase(Locale.ROOT).replace('_', '-');
      Seen engine = side.through.get(attack);
      Seen without = side.past.get(attack);
      if (engine != null) {
        line(out, name, "through", engine);
        worst = Math.max(worst, engine.ratios.median());
      }
      if (without != null) {
        line(out, name, "past", without);
        control = Math.max(control, without.ratios.median());
      }
      if (engine != null && without != null) {
        added = Math.max(added, engine.ratios.median() / without.ratios.median());
      }
    }
    out.printf(
        Locale.ROOT,
        "{\"victim_p99_ratio\":%.2f,\"control_p99_ratio\":%.2f,\"engine_adds\":%.2f}%n",
        worst,
        control,
        added);
  }

  private static void line(PrintStream out, String name, String way, Seen seen) {
    out.printf(
        Locale.ROOT,
        "%-20s %-8s %8.0f %7s %9.0f %9s %6.0f %6.0f %6.0f %6.0f%n",
        name,
        way,
        seen.tails.median(),
        way.isEmpty() ? "" : String.format(Locale.ROOT, "%.2f", seen.ratios.median()),
        seen.rates.median(),
        way.isEmpty() ? "" : String.format(Locale.ROOT, "%.0f", seen.lots.median()),
        seen.loopRan.median(),
        seen.loopWaited.median(),
        seen.clientWaited.median(),
        seen.serverWaited.median());
  }
}
