package dev.drawbridge.l7;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.Uuid;

/**
 * A Kafka broker of its own process, with the controller in it (KRaft). Clients are told to come
 * through the engine; whoever tests it reaches it directly by another listener.
 */
final class RealBroker implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(60);

  private final Process process;
  private final int port;
  private final int direct;
  private final Path log;

  private RealBroker(Process process, int port, int direct, Path log) {
    this.process = process;
    this.port = port;
    this.direct = direct;
    this.log = log;
  }

  /**
   * Starts one and waits until it answers.
   *
   * @param port where it listens, behind the engine
   * @param told the port that its clients are told to connect to
   */
  static RealBroker start(Path directory, int port, int told) throws Exception {
    int direct = RealOrigin.freePort();
    int controller = RealOrigin.freePort();
    Path config = directory.resolve("server.properties");
    Files.writeString(
        config,
        """
        process.roles=broker,controller
        node.id=1
        controller.quorum.voters=1@127.0.0.1:%1$d
        listeners=CLIENTS://127.0.0.1:%2$d,DIRECT://127.0.0.1:%3$d,CONTROLLER://127.0.0.1:%1$d
        advertised.listeners=CLIENTS://127.0.0.1:%4$d,DIRECT://127.0.0.1:%3$d
        listener.security.protocol.map=CLIENTS:PLAINTEXT,DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT
        inter.broker.listener.name=DIRECT
        controller.listener.names=CONTROLLER
        log.dirs=%5$s
        num.partitions=1
        offsets.topic.replication.factor=1
        offsets.topic.num.partitions=1
        transaction.state.log.replication.factor=1
        transaction.state.log.min.isr=1
        transaction.state.log.num.partitions=1
        group.initial.rebalance.delay.ms=0
        group.consumer.heartbeat.interval.ms=500
        group.consumer.min.heartbeat.interval.ms=500
        message.max.bytes=104857600
        replica.fetch.max.bytes=104857600
        """
            .formatted(controller, port, direct, told, directory.resolve("data")));
    Path log = directory.resolve("broker.log");
    run(
            directory,
            log,
            "kafka.tools.StorageTool",
            "format",
            "-t",
            Uuid.randomUuid().toString(),
            "-c",
            config.toString())
        .waitFor();
    Process process = run(directory, log, "kafka.Kafka", config.toString());
    RealBroker broker = new RealBroker(process, port, direct, log);
    try {
      broker.awaitStart();
      return broker;
    } catch (Exception e) {
      broker.close();
      throw e;
    }
  }

  private static Process run(Path directory, Path log, String... command) throws IOException {
    List<String> line = new ArrayList<>();
    line.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))));
    line.addAll(List.of(command));
    return new ProcessBuilder(line)
        .directory(directory.toFile())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
        .start();
  }

  private void awaitStart() throws Exception {
    long end = System.nanoTime() + START.toNanos();
    Exception last = null;
    while (System.nanoTime() < end && process.isAlive()) {
      try (Admin admin = admin()) {
        admin.describeCluster().nodes().get(2, TimeUnit.SECONDS);
        return;
      } catch (Exception e) {
        last = e;
      }
    }
    throw new IllegalStateException("the broker did not start: " + Files.readString(log), last);
  }

  InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /** How to reach it past the engine. */
  Properties direct() {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", "127.0.0.1:" + direct);
    return properties;
  }

  Admin admin() {
    Properties properties = direct();
    properties.put("default.api.timeout.ms", "5000");
    properties.put("request.timeout.ms", "3000");
    return Admin.create(properties);
  }

  void create(String... topics) throws Exception {
    try (Admin admin = admin()) {
      List<NewTopic> all = new ArrayList<>();
      for (String topic : topics) {
        all.add(new NewTopic(topic, 1, (short) 1).configs(Map.of("min.insync.replicas", "1")));
      }
      admin.createTopics(all).all().get(20, TimeUnit.SECONDS);
      until(admin, names -> names.containsAll(List.of(topics)));
    }
  }

  /** The controller answers before the broker's own metadata has the change. */
  static void until(Admin admin, Predicate<Set<String>> holds) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!holds.test(admin.listTopics().names().get(5, TimeUnit.SECONDS))) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("the broker's metadata did not change in 20 s");
      }
      Thread.onSpinWait();
    }
  }

  void delete(String topic) throws Exception {
    try (Admin admin = admin()) {
      admin.deleteTopics(List.of(topic)).all().get(20, TimeUnit.SECONDS);
      until(admin, names -> !names.contains(topic));
    }
  }

  String log() throws IOException {
    return Files.readString(log);
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
