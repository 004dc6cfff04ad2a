package dev.drawbridge.it.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.RootFilesystem;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@code app=x may consume incoming}, {@code app=y may produce incoming}: a broker and its clients
 * in containers with nothing but labels; nothing is configured at any of them.
 */
@Tag("it")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class KafkaOnTheWireTest {
  private static final String IMAGE = "drawbridge-kafka";
  private static final Duration START = Duration.ofSeconds(90);
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final Path JAVA = Path.of(System.getProperty("java.home"));

  /** Of the broker: clients come from other containers, whoever reads the log from its own. */
  private static final String SERVER =
      """
      process.roles=broker,controller
      node.id=1
      controller.quorum.voters=1@127.0.0.1:9093
      listeners=CLIENTS://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093,DIRECT://127.0.0.1:9094
      listener.security.protocol.map=CLIENTS:PLAINTEXT,DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT
      inter.broker.listener.name=DIRECT
      controller.listener.names=CONTROLLER
      log.dirs=/tmp/kafka
      offsets.topic.replication.factor=1
      offsets.topic.num.partitions=1
      transaction.state.log.replication.factor=1
      transaction.state.log.min.isr=1
      transaction.state.log.num.partitions=1
      group.initial.rebalance.delay.ms=0
      """;

  private static EngineLab lab;
  private static LabAgent agent;
  private static long quiet;

  @BeforeAll
  static void start() throws IOException {
    lab = EngineLab.start();
    Path work = Files.createDirectories(lab.directory().resolve("kafka-image"));
    RootFilesystem.withBusybox(work.resolve("root"))
        .directory(JAVA + "/bin")
        .directory(JAVA + "/lib/server")
        .program(JAVA.resolve("bin/java"), "/opt/libraries/java")
        .program(JAVA.resolve("lib/server/libjvm.so"), "/opt/libraries/libjvm.so")
        .program(JAVA.resolve("lib/libnio.so"), "/opt/libraries/libnio.so")
        .text("/etc/kafka.properties", SERVER)
        .script(
            "/bin/broker",
            "#!/bin/sh\n"
                + "cat /etc/kafka.properties > /tmp/kafka.properties\n"
                + "echo advertised.listeners=CLIENTS://$(hostname -i):9092,DIRECT://127.0.0.1:9094"
                + " >> /tmp/kafka.properties\n"
                + java("kafka.tools.StorageTool")
                + " format -t AAAAAAAAAAAAAAAAAAAAAQ -c /tmp/kafka.properties || exit 1\n"
                + "exec "
                + java("kafka.Kafka")
                + " /tmp/kafka.properties\n")
        .importAs(lab.docker(), IMAGE, "[\"/bin/sleep\", \"100000\"]");
    agent = LabAgent.start(lab, Distribution.locate());
    quiet = memory();
    run(
        "kafka",
        "/bin/broker",
        "app=kafka",
        "drawbridge.policy.in=app=x may consume incoming",
        "drawbridge.policy.out=app=y may produce incoming",
        "drawbridge.policy.txn=app=t may produce paid with transaction pay-*");
    for (String name : List.of("x", "y", "z", "t")) {
      run("client-" + name, "sleep 100000", "app=" + name);
    }
    Await.until(
        "the broker answers: " + lab.docker().run("logs", "kafka").text(),
        START,
        () -> direct("topics", "-", 0).startsWith("OK"));
    assertEquals("OK 3", direct("produce", "secret", 3));
  }

  @AfterAll
  static void stop() {
    if (lab != null) {
      lab.close();
    }
  }

  /** The class path of this machine, whose places the containers see too. */
  private static List<String> jars() {
    String all =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Arrays.stream(all.split(File.pathSeparator, -1))
        .filter(place -> place.endsWith(".jar") && !place.contains("/target/"))
        .toList();
  }

  private static Path classes() {
    return Path.of(
        KafkaOnTheWireTest.class.getProtectionDomain().getCodeSource().getLocation().getPath());
  }

  private static String java(String main) {
    return JAVA.resolve("bin/java")
        + " -Xmx400m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "
        + String.join(":", jars())
        + " "
        + main;
  }

  private static void run(String name, String command, String... labels) {
    List<String> line = new ArrayList<>(List.of("run", "-d", "--name", name));
    for (String label : labels) {
      line.addAll(List.of("--label", label));
    }
    jars().stream()
        .map(jar -> Objects.requireNonNull(Path.of(jar).getParent()).toString())
        .collect(Collectors.toCollection(java.util.TreeSet::new))
        .forEach(place -> line.addAll(List.of("-v", place + ":" + place + ":ro")));
    for (Path place : List.of(JAVA, classes(), old())) {
      line.addAll(List.of("-v", place + ":" + place + ":ro"));
    }
    line.addAll(List.of(IMAGE, "/bin/sh", "-c", "exec " + command));
    lab.docker().must(line.toArray(String[]::new));
  }

  /** Where the clients of other years are. */
  private static Path old() {
    return classes().resolveSibling("kafka-clients");
  }

  /** Of 4.4, or of another year. */
  private static String classPath(String clients) {
    if (clients.equals("4.4.0")) {
      return String.join(":", jars()) + ":" + classes();
    }
    String logging =
        jars().stream().filter(jar -> jar.contains("/slf4j-api/")).collect(Collectors.joining(":"));
    return old().resolve("kafka-clients-" + clients + ".jar") + ":" + logging + ":" + classes();
  }

  private static List<String> command(
      String clients, String operation, String bootstrap, String topic, int count, String... more) {
    List<String> line =
        new ArrayList<>(
            List.of(
                JAVA.resolve("bin/java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xshare:auto",
                "-cp",
                classPath(clients),
                "dev.drawbridge.it.kafka.ClientMain",
                operation,
                bootstrap,
                topic,
                Integer.toString(count)));
    line.addAll(List.of(more));
    return line;
  }

  private static String result(Output output) {
    return output
        .out()
        .lines()
        .filter(line -> line.startsWith("RESULT "))
        .map(line -> line.substring("RESULT ".length()))
        .findFirst()
        .orElse(output.text());
  }

  private static String ask(
      String container, String clients, String operation, String topic, int count, String... more) {
    List<String> line = new ArrayList<>(List.of("exec", "client-" + container));
    line.addAll(command(clients, operation, address() + ":9092", topic, count, more));
    return result(lab.docker().run(SOON, line.toArray(String[]::new)));
  }

  /** Asks the broker in its own container, past every rule. */
  private static String direct(String operation, String topic, int count) {
    List<String> line = new ArrayList<>(List.of("exec", "kafka"));
    line.addAll(command("4.4.0", operation, "127.0.0.1:9094", topic, count));
    return result(lab.docker().run(SOON, line.toArray(String[]::new)));
  }

  private static String address() {
    return lab.docker().inspect("kafka", "{{.NetworkSettings.IPAddress}}");
  }

  private static long memory() throws IOException {
    return Files.readString(Path.of("/proc/" + agent.pid() + "/status"))
        .lines()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }

  /**
   * What the shipped unit lets the agent have, in KiB. Half of it is room for the whole heap,
   * Kafka's classes and the code that the compilers made of them.
   */
  private static long allowed() throws IOException {
    return Files.readString(
            Path.of(String.valueOf(System.getProperty("drawbridge.checkout")))
                .resolve("install/systemd/drawbridge.service"))
        .lines()
        .filter(line -> line.startsWith("MemoryMax=") && line.endsWith("M"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
        .findFirst()
        .orElseThrow();
  }

  @Order(1)
  @ParameterizedTest
  @CsvSource({
    "y, 4.4.0, produce, incoming, 10, '', OK 10",
    "y, 3.9.1, produce, incoming, 10, '', OK 10",
    "y, 2.8.2, produce, incoming, 10, '', OK 10",
    "y, 4.4.0, produce, secret, 1, '', TopicAuthorizationException",
    "y, 3.9.1, produce, secret, 1, '', TopicAuthorizationException",
    "y, 2.8.2, produce, secret, 1, '', TopicAuthorizationException",
    "y, 4.4.0, consume, incoming, 1, '', TopicAuthorizationException",
    "y, 4.4.0, consume, incoming, 1, group.id=g, GroupAuthorizationException",
    "x, 4.4.0, consume, incoming, 30, '', OK 30",
    "x, 4.4.0, consume, incoming, 30, group.id=a, OK 30",
    "x, 4.4.0, consume, incoming, 30, group.id=b group.protocol=consumer, OK 30",
    "x, 3.9.1, consume, incoming, 30, group.id=c, OK 30",
    "x, 2.8.2, consume, incoming, 30, group.id=d, OK 30",
    "x, 4.4.0, consume, secret, 1, group.id=a, TopicAuthorizationException",
    "x, 2.8.2, consume, secret, 1, group.id=d, TopicAuthorizationException",
    "x, 4.4.0, produce, incoming, 1, '', TopicAuthorizationException",
    "x, 3.9.1, produce, incoming, 1, '', TopicAuthorizationException",
    "x, 2.8.2, produce, incoming, 1, '', TopicAuthorizationException",
    "x, 4.4.0, topics, -, 0, '', OK incoming",
    "z, 4.4.0, produce, incoming, 1, max.block.ms=3000, TimeoutException",
  })
  void everyClientGetsWhatTheRulesSay(
      String container,
      String clients,
      String operation,
      String topic,
      int count,
      String more,
      String expected) {
    String[] properties = more.isEmpty() ? new String[0] : more.split(" ", -1);
    String result = ask(container, clients, operation, topic, count, properties);
    System.out.printf(
        "%-2s %-6s %-8s %-9s %-40s expected %-28s actual %s%n",
        container, clients, operation, topic, more, expected, result);
    assertEquals(expected, result);
  }

  @Test
  @Order(2)
  void nothingDeniedReachedTheLog() {
    assertEquals("OK 30 10", direct("log", "incoming", 0));
    assertEquals("OK 3 3", direct("log", "secret", 0));
  }

  @Test
  @Order(3)
  void verdictsAndRecordsSayTheSame() {
    assertEquals(0, agent.client("verdict", "app=x", "app=kafka", "consume", "incoming").status());
    assertEquals(1, agent.client("verdict", "app=x", "app=kafka", "produce", "incoming").status());
    assertEquals(1, agent.client("verdict", "app=x", "app=kafka", "consume", "secret").status());
    assertEquals(
        0,
        agent
            .client("verdict", "app=t", "app=kafka", "produce", "paid", "--transaction", "pay-1")
            .status());
    assertEquals(1, agent.client("verdict", "app=t", "app=kafka", "administer").status());
    boolean allowed = false;
    boolean denied = false;
    for (JsonElement flow : agent.api("/v1/flows?last=1000&protocol=kafka").getAsJsonArray()) {
      allowed |= flow.toString().contains("kafka Fetch/18 incoming");
      denied |= flow.toString().contains("refused=secret");
    }
    assertTrue(allowed && denied, () -> agent.api("/v1/flows?last=20&protocol=kafka").toString());
    String metrics = agent.client("observe", "--protocol", "kafka", "--last", "50").out();
    assertTrue(metrics.contains("kafka "), metrics);
  }

  @Test
  @Order(4)
  void aTransactionSurvivesTheAgent() {
    List<String> line = new ArrayList<>(List.of("exec", "-d", "client-t", "/bin/sh", "-c"));
    line.add(
        command(
                    "4.4.0",
                    "transaction",
                    address() + ":9092",
                    "paid",
                    100,
                    "transactional.id=pay-1",
                    "transaction.timeout.ms=60000")
                .stream()
                .collect(Collectors.joining(" "))
            + " > /tmp/out 2>&1");
    lab.docker().must(line.toArray(String[]::new));
    Await.until(
        "half of it", SOON, () -> lab.docker().run("exec", "client-t", "cat", "/tmp/half").ok());
    agent.kill();
    agent.start();
    lab.docker().must("exec", "client-t", "/bin/sh", "-c", ": > /tmp/go");
    Await.until(
        "the transaction ends",
        SOON,
        () -> lab.docker().run("exec", "client-t", "cat", "/tmp/out").out().contains("RESULT"));
    assertEquals("OK 100", result(lab.docker().run("exec", "client-t", "cat", "/tmp/out")));
    assertEquals("OK 100 100", direct("log", "paid", 0));
  }

  @Test
  @Order(5)
  void theAgentStaysSmall() throws IOException {
    assertEquals("OK 30", ask("x", "4.4.0", "consume", "incoming", 30));
    long now = memory();
    System.out.println(
        "agent's memory: " + quiet / 1024 + " MiB without, " + now / 1024 + " MiB with Kafka");
    assertNotEquals(0, quiet);
    assertTrue(now < allowed() / 2, now + " KiB after " + quiet);
  }
}
