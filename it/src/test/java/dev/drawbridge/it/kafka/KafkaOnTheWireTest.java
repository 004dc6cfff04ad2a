package dev.drawbridge.it.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
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
 * {@code app=x may consume incoming}, {@code app=y may produce incoming}: a cluster and its clients
 * in containers with nothing but labels; nothing is configured at any of them.
 */
@Tag("it")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class KafkaOnTheWireTest {
  private static final int ORDERS = 200;

  private static KafkaLab kafka;
  private static LabAgent agent;
  private static long quiet;

  @BeforeAll
  static void start() throws IOException {
    kafka =
        KafkaLab.start(
            "app=x may consume incoming",
            "app=y may produce incoming",
            "app=t may produce paid with transaction pay-*",
            "app=u may produce settled with transaction settle-*",
            "app=u may consume orders with group settling",
            "app=s may consume lines",
            "app=s may consume words-*",
            "app=s may produce words-*",
            "app=s may produce counted",
            "app=s may administer",
            "app=a may administer",
            "app=m may consume incoming with group mirrored",
            "app=m may administer",
            "app=y may produce load",
            "app=x may consume load",
            "app=f may produce other");
    agent = kafka.agent;
    quiet = memory();
    for (String name : List.of("x", "y", "z", "t", "u", "s", "a", "m", "f")) {
      kafka.client(name);
    }
    assertEquals("OK 3", kafka.direct("produce", "secret", 3));
  }

  @AfterAll
  static void stop() {
    if (kafka != null) {
      kafka.close();
    }
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
    "y, 4.4.0, produce, incoming, 10, acks=0 enable.idempotence=false, OK 10",
    "y, 4.4.0, produce, secret, 1, '', TopicAuthorizationException",
    "y, 3.9.1, produce, secret, 1, '', TopicAuthorizationException",
    "y, 2.8.2, produce, secret, 1, '', TopicAuthorizationException",
    "y, 4.4.0, transaction, incoming, 0, transactional.id=any, OK 0",
    "y, 4.4.0, consume, incoming, 1, '', TopicAuthorizationException",
    "y, 4.4.0, consume, incoming, 1, group.id=g, GroupAuthorizationException",
    "y, 4.4.0, consume, incoming, 1, group.id=g group.protocol=consumer, GroupAuthorizationException",
    "y, 3.9.1, consume, incoming, 1, group.id=g, GroupAuthorizationException",
    "y, 2.8.2, consume, incoming, 1, group.id=g, GroupAuthorizationException",
    "x, 4.4.0, consume, incoming, 40, '', OK 40",
    "x, 4.4.0, consume, incoming, 40, group.id=a, OK 40",
    "x, 4.4.0, consume, incoming, 40, group.id=b group.protocol=consumer, OK 40",
    "x, 3.9.1, consume, incoming, 40, group.id=c, OK 40",
    "x, 3.9.1, consume, incoming, 40, '', OK 40",
    "x, 2.8.2, consume, incoming, 40, group.id=d, OK 40",
    "x, 2.8.2, consume, incoming, 40, '', OK 40",
    "x, 4.4.0, pattern, .*, 40, group.id=e, OK 40 incoming",
    "x, 4.4.0, pattern, .*, 40, group.id=f group.protocol=consumer, OK 40 incoming",
    "x, 2.8.2, pattern, .*, 40, group.id=h, OK 40 incoming",
    "x, 4.4.0, consume, secret, 1, group.id=a, TopicAuthorizationException",
    "x, 4.4.0, consume, secret, 1, group.id=a group.protocol=consumer, TopicAuthorizationException",
    "x, 3.9.1, consume, secret, 1, group.id=c, TopicAuthorizationException",
    "x, 2.8.2, consume, secret, 1, group.id=d, TopicAuthorizationException",
    "x, 4.4.0, produce, incoming, 1, '', TopicAuthorizationException",
    "x, 4.4.0, transaction, incoming, 0, transactional.id=any, TransactionalIdAuthorizationException",
    "x, 3.9.1, produce, incoming, 1, '', TopicAuthorizationException",
    "x, 2.8.2, produce, incoming, 1, '', TopicAuthorizationException",
    "x, 4.4.0, topics, -, 0, '', OK incoming",
    "x, 3.9.1, topics, -, 0, '', OK incoming",
    "x, 2.8.2, topics, -, 0, '', OK incoming",
    "x, 4.4.0, create, mine, 0, '', TopicAuthorizationException",
    "x, 4.4.0, delete, incoming, 0, '', TopicAuthorizationException",
    "x, 4.4.0, configure, incoming, 0, '', ClusterAuthorizationException",
    "x, 3.9.1, create, mine, 0, '', TopicAuthorizationException",
    "a, 4.4.0, create, made, 0, '', OK made",
    "a, 4.4.0, configure, made, 0, '', OK 3600000",
    "a, 4.4.0, delete, made, 0, '', OK made",
    "a, 3.9.1, create, older, 0, '', OK older",
    "a, 3.9.1, delete, older, 0, '', OK older",
    "a, 4.4.0, produce, incoming, 1, '', TopicAuthorizationException",
    "a, 4.4.0, consume, incoming, 1, '', TopicAuthorizationException",
    "m, 4.4.0, mirror, incoming, 0, '', OK 3 SecurityDisabledException",
    "m, 3.9.1, mirror, incoming, 0, '', OK 3 SecurityDisabledException",
    "m, 4.4.0, consume, incoming, 40, group.id=mirrored, OK 40",
    "m, 4.4.0, consume, incoming, 1, group.id=another, GroupAuthorizationException",
    "t, 4.4.0, produce, paid, 1, '', TopicAuthorizationException",
    "t, 4.4.0, transaction, paid, 0, transactional.id=theirs, TransactionalIdAuthorizationException",
    "z, 4.4.0, produce, incoming, 1, max.block.ms=2000, TimeoutException",
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
    long began = System.nanoTime();
    String result = kafka.ask(container, clients, operation, topic, count, properties);
    System.out.printf(
        "%-2s %-6s %-11s %-9s %-38s expected %-38s actual %s (%d ms)%n",
        container,
        clients,
        operation,
        topic,
        more,
        expected,
        result,
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
    assertEquals(expected, result);
  }

  /** librdkafka 2.0 and 2.8, as two Debians have them. */
  @Order(2)
  @ParameterizedTest
  @CsvSource({
    "y, debian-12, -P -t incoming < /etc/group, 0, ''",
    "y, debian-13, -P -t incoming < /etc/group, 0, ''",
    "y, debian-12, -P -t secret < /etc/group, 1, Topic authorization failed",
    "y, debian-13, -P -t secret < /etc/group, 1, Topic authorization failed",
    "y, debian-12, -C -e -o beginning -t incoming, 1, Topic authorization failed",
    "y, debian-13, -C -e -o beginning -t incoming, 1, Topic authorization failed",
    "x, debian-12, -C -e -q -o beginning -c 44 -t incoming, 0, root:x:0",
    "x, debian-13, -C -e -q -o beginning -c 44 -t incoming, 0, root:x:0",
    "x, debian-12, -G k12 -q -X auto.offset.reset=earliest -c 44 incoming, 0, root:x:0",
    "x, debian-13, -G k13 -q -X auto.offset.reset=earliest -c 44 incoming, 0, root:x:0",
    "x, debian-12, -P -t incoming < /etc/group, 1, Topic authorization failed",
    "x, debian-13, -P -t incoming < /etc/group, 1, Topic authorization failed",
    "x, debian-12, -L, 0, 1 topics",
    "x, debian-13, -L, 0, 1 topics",
  })
  void kcatGetsWhatTheRulesSay(
      String container, String debian, String arguments, int status, String says) {
    Output output = kafka.kcat(container, debian, arguments);
    System.out.printf("%s %s kcat %-60s %d%n", container, debian, arguments, output.status());
    assertEquals(status, output.status(), () -> output.text() + kafka.why());
    assertTrue(output.text().contains(says), output::text);
  }

  @Test
  @Order(3)
  void nothingDeniedReachedTheLog() {
    assertEquals("OK 44 12", kafka.direct("log", "incoming", 0));
    assertEquals("OK 3 3", kafka.direct("log", "secret", 0));
    // Nobody had a topic made by asking for it who may not write it.
    assertEquals("OK incoming,paid,secret", kafka.direct("topics", "-", 0));
  }

  @Test
  @Order(4)
  void verdictsRecordsAndMetricsSayTheSame() {
    assertEquals(0, agent.client("verdict", "app=x", "k1", "consume", "incoming").status());
    assertEquals(1, agent.client("verdict", "app=x", "k2", "produce", "incoming").status());
    assertEquals(1, agent.client("verdict", "app=x", "k3", "consume", "secret").status());
    assertEquals(
        0,
        agent
            .client("verdict", "app=t", "k1", "produce", "paid", "--transaction", "pay-1")
            .status());
    assertEquals(1, agent.client("verdict", "app=t", "k1", "administer").status());
    boolean allowed = false;
    boolean denied = false;
    for (JsonElement flow : agent.api("/v1/flows?last=2000&protocol=kafka").getAsJsonArray()) {
      allowed |= flow.toString().contains("kafka Fetch/18 incoming");
      denied |= flow.toString().contains("refused=secret");
    }
    assertTrue(allowed && denied, () -> agent.api("/v1/flows?last=20&protocol=kafka").toString());
    String observed = agent.client("observe", "--protocol", "kafka", "--last", "50").out();
    assertTrue(observed.contains("kafka "), observed);
    String metrics = agent.metrics();
    for (String counted :
        List.of(
            "verb=\"produce\",verdict=\"allow\"",
            "verb=\"produce\",verdict=\"deny\"",
            "verb=\"consume\",verdict=\"allow\"",
            "verb=\"consume\",verdict=\"deny\"",
            "verb=\"administer\",verdict=\"deny\"")) {
      String series = "drawbridge_verbs_total{protocol=\"kafka\"," + counted + "}";
      assertTrue(metrics.contains(series), () -> series + " is not in\n" + metrics);
    }
  }

  @Test
  @Order(5)
  void streamsCountWords() {
    assertEquals("OK lines", kafka.direct("create", "lines", 0));
    assertEquals("OK counted", kafka.direct("create", "counted", 0));
    assertEquals("OK 5", kafka.direct("produce", "lines", 5));
    assertEquals("OK {r0=1, r1=1, r2=1, r3=1, r4=1}", kafka.ask("s", "4.4.0", "words", "lines", 5));
    assertEquals("OK 5 1", kafka.direct("log", "counted", 0).replaceAll(" \\d+$", " 1"));
  }

  /** An open transaction, and many that read and write: both while the agent is killed. */
  @Test
  @Order(6)
  void transactionsSurviveTheAgentAndCountOnce() {
    assertEquals("OK " + ORDERS, kafka.direct("produce", "orders", ORDERS, "acks=1"));
    kafka.begin("t", "transaction", "paid", 100, "transactional.id=pay-1");
    kafka.begin("u", "pay", "settled", ORDERS, "transactional.id=settle-1", "group.id=settling");
    for (String name : List.of("t", "u")) {
      Await.until("half of it: " + name, KafkaLab.SOON, () -> !kafka.read(name, "half").isEmpty());
    }
    agent.kill();
    agent.start();
    kafka.tell("t", "go");
    assertEquals("OK 100", kafka.outcome("t"));
    String settled = kafka.outcome("u");
    System.out.println("read, written and committed across a restart of the agent: " + settled);
    assertTrue(settled.startsWith("OK " + ORDERS), () -> kafka.read("u", "out"));
    assertEquals("OK 100 100", kafka.direct("log", "paid", 0));
    assertEquals("OK " + ORDERS + " " + ORDERS, kafka.direct("log", "settled", 0));
  }

  @Test
  @Order(7)
  void aTopicMadeAnewIsJudgedByItsNameAndHasItsOwnRecords() {
    assertEquals("OK incoming", kafka.direct("delete", "incoming", 0));
    assertEquals("OK incoming", kafka.direct("create", "incoming", 0));
    assertEquals("OK 5", kafka.ask("y", "4.4.0", "produce", "incoming", 5), kafka::why);
    assertEquals("OK 5", kafka.ask("x", "4.4.0", "consume", "incoming", 5));
    assertEquals("OK 5 5", kafka.direct("log", "incoming", 0));
  }

  /**
   * A producer and a consumer that are always allowed, and a producer that now is and now is not: a
   * hundred policies while they work, then the end of a broker and its return.
   */
  @Test
  @Order(8)
  void policiesThatChangeAndABrokerThatFailsLoseAndDoubleNothing() throws IOException {
    assertEquals("OK load", kafka.direct("create", "load", 0));
    assertEquals("OK flip", kafka.direct("create", "flip", 0));
    kafka.begin("y", "soak", "load", 0);
    kafka.begin("x", "follow", "load", 0, "group.id=following");
    kafka.begin("f", "soak", "flip", 0);
    Await.until(
        "the load has begun",
        KafkaLab.SOON,
        () -> !kafka.direct("digest", "load", 0).startsWith("0 "));
    long before = generation();
    for (int i = 0; i < 100; i++) {
      policy(i % 2 == 0 ? "app=f may also produce flip on app=kafka" : "# nothing");
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
    long generations = generation() - before;
    policy("app=f may also produce flip on app=kafka");
    kafka.lab.docker().must("kill", "k2");
    LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(6));
    kafka.lab.docker().must("start", "k2");
    kafka.awaitBrokers();
    for (String name : List.of("y", "x", "f")) {
      kafka.tell(name, "stop");
    }
    String[] load = kafka.outcome("y").split(" ", -1);
    String[] flip = kafka.outcome("f").split(" ", -1);
    System.out.printf(
        "%d generations; load: %s; flip: %s%n",
        generations, String.join(" ", load), String.join(" ", flip));
    assertEquals(List.of("0", "{}"), List.of(load[1], load[2]));
    assertEquals("{}", flip[2]);
    assertTrue(Integer.parseInt(flip[0]) > 0 && Integer.parseInt(flip[1]) > 0);
    assertTrue(generations > 20, () -> generations + " generations");
    String expected = load[0] + " " + load[0] + " " + load[3];
    assertEquals(expected, kafka.direct("digest", "load", 0));
    assertEquals(expected, kafka.outcome("x"));
    assertEquals(flip[0] + " " + flip[0] + " " + flip[3], kafka.direct("digest", "flip", 0));
  }

  private static void policy(String line) throws IOException {
    Path fresh = agent.policyDirectory().resolve("test.new");
    Files.writeString(fresh, line + "\n");
    Files.move(
        fresh,
        agent.policyDirectory().resolve("test.policy"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private static long generation() {
    return agent.api("/v1/status").getAsJsonObject().get("generation").getAsLong();
  }

  @Test
  @Order(9)
  void theAgentStaysSmall() throws IOException {
    assertEquals("OK 5", kafka.ask("x", "4.4.0", "consume", "incoming", 5));
    long now = memory();
    System.out.println(
        "agent's memory: " + quiet / 1024 + " MiB without, " + now / 1024 + " MiB with Kafka");
    assertNotEquals(0, quiet);
    assertTrue(now < allowed() / 2, now + " KiB after " + quiet);
  }
}
