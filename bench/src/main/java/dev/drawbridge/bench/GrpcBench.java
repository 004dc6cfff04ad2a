package dev.drawbridge.bench;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * gRPC from one container to another: over the bare bridge, through the engine, and through HAProxy
 * with the same rule as ACLs, placed as the engine is, in the caller's network namespace. Client
 * and server are grpc-java. Every round measures each way once, in rotating order.
 */
final class GrpcBench {
  private static final int ROUNDS = Integer.getInteger("drawbridge.bench.rounds", 9);
  private static final int SECONDS = Integer.getInteger("drawbridge.bench.seconds", 2);
  private static final int WARM_UP = Integer.getInteger("drawbridge.bench.warmup", 3);
  private static final int PORT = 50051;

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
  private final Map<Way, Peer> clients = new EnumMap<>(Way.class);

  private GrpcBench(Docker docker) {
    this.docker = docker;
  }

  static void run(PrintStream out) {
    try (EngineLab lab = EngineLab.start()) {
      BenchImage.importInto(lab);
      LabAgent.start(lab, Distribution.locate(), List.of("bare-*"));
      GrpcBench bench = new GrpcBench(lab.docker());
      try {
        bench.startContainers();
        bench.measure(out);
      } finally {
        bench.clients.values().forEach(Peer::close);
      }
    }
  }

  private void startContainers() {
    String port = Integer.toString(PORT);
    start("bare-callee", true, List.of());
    start(
        "callee",
        false,
        List.of(
            "app=db",
            "drawbridge.policy.rpc=app=api may call bench.Echo/Get",
            "drawbridge.policy.watch=app=api may call bench.Echo/Watch"));
    for (String callee : List.of("bare-callee", "callee")) {
      Peer.detached(docker, callee, GrpcPeer.class, "serve", port);
    }
    start("bare-caller", true, List.of());
    start("bare-haproxy", true, List.of());
    start("caller", false, List.of("app=api"));
    docker.must(
        "exec",
        "-d",
        "--env",
        "CALLEE=" + address("bare-callee"),
        "bare-haproxy",
        "/usr/sbin/haproxy",
        "-db",
        "-f",
        "/etc/haproxy/grpc.cfg");
    for (Way way : Way.values()) {
      Peer client =
          way == Way.HAPROXY
              ? Peer.in(docker, way.caller, GrpcPeer.class, "127.0.0.1", "8001")
              : Peer.in(docker, way.caller, GrpcPeer.class, address(way.callee), port);
      clients.put(way, client);
      Await.until(
          way.title + " carries a call",
          Duration.ofSeconds(30),
          () -> !client.ask("unary 1").startsWith("failed"));
      String denied = client.ask("denied");
      String expected = way == Way.BRIDGE ? "UNIMPLEMENTED" : "PERMISSION_DENIED";
      if (!denied.equals(expected)) {
        throw new LabException(
            way.title + " answers " + denied + " to a call that no rule allows, not " + expected);
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

  private String address(String container) {
    return docker.inspect(container, "{{.NetworkSettings.IPAddress}}");
  }

  private void measure(PrintStream out) {
    for (Way way : Way.values()) {
      for (String what : List.of("unary", "stream")) {
        double _ = client(way).measure(what + " " + WARM_UP * 1000);
      }
    }
    out.printf(
        Locale.ROOT,
        "gRPC, 1 KB messages, one connection; medians of %d rounds of %d s each%n",
        ROUNDS,
        SECONDS);
    Chart chart =
        new Chart(
            "gRPC through each way, as a multiple of HAProxy's rate",
            "Medians of " + ROUNDS + " rounds in one run; more is better");
    double unary = measure("unary", "unary calls/s, 32 under way", chart, out);
    double stream = measure("stream", "messages/s of 4 server streams", chart, out);
    chart.write("grpc", out);
    out.printf(
        Locale.ROOT, "{\"vs_haproxy_unary\":%.3f,\"vs_haproxy_stream\":%.3f}%n", unary, stream);
  }

  /** The engine's rate by HAProxy's, the median of the rounds. */
  private double measure(String what, String title, Chart chart, PrintStream out) {
    Map<Way, Sample> rates = new EnumMap<>(Way.class);
    Sample ratio = new Sample();
    for (Way way : Way.values()) {
      rates.put(way, new Sample());
    }
    for (int round = 0; round < ROUNDS; round++) {
      Map<Way, Double> now = new EnumMap<>(Way.class);
      for (int i = 0; i < Way.values().length; i++) {
        Way way = Way.values()[(i + round) % Way.values().length];
        now.put(way, client(way).measure(what + " " + SECONDS * 1000));
      }
      now.forEach((way, rate) -> sample(rates, way).add(rate));
      ratio.add(now.getOrDefault(Way.ENGINE, 0.0) / now.getOrDefault(Way.HAPROXY, 1.0));
    }
    out.printf(Locale.ROOT, "%n%-32s %12s %12s%n", title, "rate", "engine/this");
    for (Way way : Way.values()) {
      double rate = sample(rates, way).median();
      out.printf(
          Locale.ROOT,
          "  %-30s %12.0f %12.3f%n",
          way.title,
          rate,
          sample(rates, Way.ENGINE).median() / rate);
      chart.bar(title, way.title, rate / sample(rates, Way.HAPROXY).median());
    }
    return ratio.median();
  }

  private Peer client(Way way) {
    Peer client = clients.get(way);
    if (client == null) {
      throw new IllegalStateException("no client for " + way);
    }
    return client;
  }

  private static Sample sample(Map<Way, Sample> all, Way way) {
    Sample sample = all.get(way);
    if (sample == null) {
      throw new IllegalStateException("no sample for " + way);
    }
    return sample;
  }
}
