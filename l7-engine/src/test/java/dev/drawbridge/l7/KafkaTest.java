package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kafka through the engine: a real broker, and Kafka's own clients as they are by default. */
@Timeout(60)
final class KafkaTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private static Scene scene;
  private static RealBroker broker;
  private static int names;

  @TempDir static Path directory;

  @BeforeAll
  static void start() throws Exception {
    Leaks.watch();
    int port = RealOrigin.freePort();
    scene = new Scene(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    scene.publish("app=api may produce incoming");
    broker = RealBroker.start(directory, port, scene.listener.port4());
    broker.create("incoming", "secret", "other");
  }

  @AfterAll
  static void stop() throws Exception {
    if (broker != null) {
      broker.close();
    }
    if (scene != null) {
      scene.close();
    }
    assertEquals(List.of(), Leaks.found());
  }

  @BeforeEach
  void forget() {
    scene.records.clear();
  }

  private static Properties properties(String... more) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", "127.0.0.1:" + scene.listener.port4());
    for (int i = 0; i < more.length; i += 2) {
      properties.put(more[i], more[i + 1]);
    }
    return properties;
  }

  private static KafkaProducer<byte[], byte[]> producer(String... more) {
    Properties properties =
        properties(
            "delivery.timeout.ms",
            "15000",
            "request.timeout.ms",
            "10000",
            "linger.ms",
            "0",
            "max.block.ms",
            "15000");
    properties.putAll(properties(more));
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private static KafkaConsumer<byte[], byte[]> consumer(String... more) {
    Properties properties =
        properties("auto.offset.reset", "earliest", "default.api.timeout.ms", "15000");
    properties.putAll(properties(more));
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** What lies in a topic's log, by the broker itself. */
  private static List<String> log(String topic) {
    List<String> all = new ArrayList<>();
    Properties properties = broker.direct();
    properties.put("isolation.level", "read_committed");
    properties.put("auto.offset.reset", "earliest");
    try (var reader =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      var partition = new TopicPartition(topic, 0);
      reader.assign(List.of(partition));
      reader.seekToBeginning(List.of(partition));
      long end = Objects.requireNonNull(reader.endOffsets(List.of(partition)).get(partition));
      while (reader.position(partition) < end) {
        for (ConsumerRecord<byte[], byte[]> record : reader.poll(Duration.ofMillis(200))) {
          all.add(text(record.value()));
        }
      }
    }
    return all;
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static ProducerRecord<byte[], byte[]> record(String topic, String text) {
    return new ProducerRecord<>(topic, text.getBytes(StandardCharsets.UTF_8));
  }

  private static void send(KafkaProducer<byte[], byte[]> producer, String topic, String text) {
    Future<RecordMetadata> _ = producer.send(record(topic, text));
  }

  private static String fresh(String prefix) throws Exception {
    String name = prefix + ++names;
    broker.create(name);
    return name;
  }

  private static List<String> read(
      KafkaConsumer<byte[], byte[]> consumer, int most, Duration within) {
    List<String> all = new ArrayList<>();
    long end = System.nanoTime() + within.toNanos();
    while (all.size() < most && System.nanoTime() < end) {
      for (ConsumerRecord<byte[], byte[]> one : consumer.poll(Duration.ofMillis(200))) {
        all.add(text(one.value()));
      }
    }
    return all;
  }

  private static Throwable failure(KafkaProducer<byte[], byte[]> producer, String topic) {
    return Objects.requireNonNull(
        assertThrows(
                ExecutionException.class,
                () -> producer.send(record(topic, "denied")).get(20, TimeUnit.SECONDS))
            .getCause());
  }

  private static List<AccessRecord> records(String api) {
    return scene.records.stream().filter(r -> Scene.said(r, "api").equals(api)).toList();
  }

  @Test
  void aProducerWritesWhatItMayAndIsToldAtOnceWhatItMayNot() throws Exception {
    String topic = fresh("in");
    scene.publish("app=api may produce " + topic, "app=api may consume secret");
    try (var producer = producer()) {
      for (int i = 0; i < 50; i++) {
        send(producer, topic, "r" + i);
      }
      producer.flush();
      // Known, because it may be read; not written.
      assertInstanceOf(TopicAuthorizationException.class, failure(producer, "secret"));
      // Not even known.
      assertInstanceOf(TopicAuthorizationException.class, failure(producer, "other"));
      producer.send(record(topic, "last")).get(10, TimeUnit.SECONDS);
    }
    List<String> log = log(topic);
    assertEquals(51, log.size());
    assertEquals("last", log.getLast());
    assertEquals(List.of(), log("secret"));
    assertEquals(List.of(), log("other"));
    AccessRecord denied =
        records("Produce").stream()
            .filter(r -> r.decision() == Decision.DENY)
            .findFirst()
            .orElseThrow();
    assertEquals(List.of("secret"), Scene.said(denied, "refusedTopics"));
    assertEquals(Reason.NO_RULE, denied.reason());
    AccessRecord allowed = records("Produce").getFirst();
    assertEquals(List.of(topic), Scene.said(allowed, "topics"));
    assertEquals(Ending.COMPLETED, allowed.ending());
    assertTrue(allowed.requestBytes() > 0 && allowed.responseBytes() > 0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"classic", "consumer"})
  void aConsumerOfAGroupReadsWhatItMay(String protocol) throws Exception {
    String topic = fresh("read");
    scene.publish(
        "app=api may produce " + topic, "app=api may consume " + topic + " with group g-*");
    try (var producer = producer()) {
      for (int i = 0; i < 20; i++) {
        send(producer, topic, "r" + i);
      }
    }
    try (var consumer = consumer("group.protocol", protocol, "group.id", "g-" + protocol)) {
      consumer.subscribe(List.of(topic));
      assertEquals(20, read(consumer, 20, SOON).size());
      consumer.commitSync(Duration.ofSeconds(10));
      assertEquals(
          20,
          consumer
              .committed(Set.of(new TopicPartition(topic, 0)))
              .values()
              .iterator()
              .next()
              .offset());
    }
    try (var consumer = consumer("group.protocol", protocol, "group.id", "g-" + protocol)) {
      consumer.subscribe(List.of("secret"));
      assertThrows(
          TopicAuthorizationException.class, () -> read(consumer, 1, Duration.ofSeconds(10)));
    }
    try (var consumer = consumer("group.protocol", protocol, "group.id", "theirs")) {
      consumer.subscribe(List.of(topic));
      assertThrows(
          GroupAuthorizationException.class, () -> read(consumer, 1, Duration.ofSeconds(10)));
    }
  }

  @Test
  void aPatternFindsOnlyWhatMayBeRead() throws Exception {
    String topic = fresh("pat");
    String hidden = fresh("pat");
    scene.publish("app=api may consume " + topic, "app=api may produce " + topic);
    try (var producer = producer()) {
      send(producer, topic, "x");
    }
    try (var consumer = consumer("group.id", "pattern")) {
      consumer.subscribe(Pattern.compile("pat.*"));
      assertEquals(List.of("x"), read(consumer, 1, SOON));
      assertEquals(Set.of(new TopicPartition(topic, 0)), consumer.assignment());
      assertEquals(Set.of(topic), consumer.listTopics().keySet());
    }
    assertEquals(List.of(), log(hidden));
  }

  @Test
  void manualAssignmentIsRefusedTopicByTopic() throws Exception {
    String topic = fresh("man");
    scene.publish("app=api may consume " + topic, "app=api may produce *");
    try (var producer = producer()) {
      send(producer, topic, "x");
      send(producer, "secret", "hidden");
    }
    try (var consumer = consumer()) {
      var good = new TopicPartition(topic, 0);
      var bad = new TopicPartition("secret", 0);
      // Both are known: one may be written only.
      consumer.assign(List.of(good, bad));
      consumer.seekToBeginning(List.of(good, bad));
      List<String> read = new ArrayList<>();
      var refused =
          assertThrows(
              TopicAuthorizationException.class,
              () -> {
                for (int i = 0; i < 50; i++) {
                  consumer.poll(Duration.ofMillis(200)).forEach(r -> read.add(text(r.value())));
                }
              });
      assertEquals(Set.of("secret"), refused.unauthorizedTopics());
      consumer.assign(List.of(good));
      read.addAll(read(consumer, 1 - read.size(), SOON));
      assertEquals(List.of("x"), read);
    }
  }

  @Test
  void transactionsGoByTheirId() throws Exception {
    String topic = fresh("txn");
    scene.publish(
        "app=api may produce " + topic + " with transaction pay-*", "app=api may consume secret");
    try (var producer = producer("transactional.id", "pay-1")) {
      producer.initTransactions();
      producer.beginTransaction();
      send(producer, topic, "kept");
      producer.commitTransaction();
      producer.beginTransaction();
      send(producer, topic, "dropped");
      producer.flush();
      producer.abortTransaction();
      producer.beginTransaction();
      assertInstanceOf(TopicAuthorizationException.class, failure(producer, "secret"));
      producer.abortTransaction();
    }
    assertEquals(List.of("kept"), log(topic));
    try (var producer = producer("transactional.id", "theirs")) {
      assertThrows(TransactionalIdAuthorizationException.class, producer::initTransactions);
    }
    try (var producer = producer()) {
      assertInstanceOf(TopicAuthorizationException.class, failure(producer, topic));
    }
    try (var producer = producer("transactional.id", "*")) {
      assertThrows(TransactionalIdAuthorizationException.class, producer::initTransactions);
    }
    assertEquals(List.of("kept"), log(topic));
  }

  @Test
  void whoMayNotAdministerSeesAndChangesNothing() throws Exception {
    String topic = fresh("adm");
    scene.publish("app=api may consume " + topic + " with group mine");
    try (Admin admin =
        Admin.create(
            properties("default.api.timeout.ms", "15000", "request.timeout.ms", "10000"))) {
      assertEquals(Set.of(topic), admin.listTopics().names().get(20, TimeUnit.SECONDS));
      assertEquals(
          1,
          Objects.requireNonNull(
                  admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic))
              .partitions()
              .size());
      assertRefused(
          TopicAuthorizationException.class,
          () -> admin.describeTopics(List.of("secret")).allTopicNames().get());
      assertRefused(
          TopicAuthorizationException.class,
          () -> admin.createTopics(List.of(new NewTopic("made", 1, (short) 1))).all().get());
      assertRefused(
          TopicAuthorizationException.class, () -> admin.deleteTopics(List.of(topic)).all().get());
      assertRefused(
          ClusterAuthorizationException.class,
          () ->
              admin
                  .describeConfigs(
                      List.of(
                          new org.apache.kafka.common.config.ConfigResource(
                              org.apache.kafka.common.config.ConfigResource.Type.BROKER, "1")))
                  .all()
                  .get());
      assertRefused(
          GroupAuthorizationException.class,
          () -> admin.describeConsumerGroups(List.of("theirs")).all().get());
      assertRefused(
          GroupAuthorizationException.class,
          () -> admin.deleteConsumerGroups(List.of("mine")).all().get());
      assertEquals(1, admin.describeCluster().nodes().get().size());
    }
    scene.publish("app=api may administer");
    try (Admin admin =
        Admin.create(
            properties("default.api.timeout.ms", "15000", "request.timeout.ms", "10000"))) {
      admin.createTopics(List.of(new NewTopic("made" + names, 1, (short) 1))).all().get();
      RealBroker.until(admin, all -> all.contains("made" + names));
      admin.deleteTopics(List.of("made" + names)).all().get();
    }
    try (var producer = producer()) {
      assertInstanceOf(TopicAuthorizationException.class, failure(producer, topic));
    }
  }

  private static void assertRefused(
      Class<? extends Throwable> how, org.junit.jupiter.api.function.Executable what) {
    Throwable refused = assertThrows(ExecutionException.class, what).getCause();
    assertInstanceOf(how, refused);
  }

  @Test
  void aTopicIsMadeByBeingWrittenToOnlyWhereItMayBe() throws Exception {
    String made = "auto" + ++names;
    scene.publish("app=api may produce " + made, "app=api may consume never" + names);
    try (var producer = producer()) {
      producer.send(record(made, "x")).get(20, TimeUnit.SECONDS);
    }
    try (var consumer = consumer("group.id", "auto")) {
      consumer.subscribe(List.of("never" + names));
      assertEquals(List.of(), read(consumer, 1, Duration.ofSeconds(2)));
    }
    try (Admin admin = broker.admin()) {
      Set<String> all = admin.listTopics().names().get();
      assertTrue(all.contains(made));
      assertTrue(!all.contains("never" + names), all::toString);
    }
  }

  @Test
  void aBatchLargerThanWhatIsHeldGoesByInPieces() throws Exception {
    String topic = fresh("big");
    scene.publish("app=api may produce " + topic, "app=api may consume secret");
    byte[] large = new byte[40 << 20];
    new Random(7).nextBytes(large);
    try (var producer =
        producer(
            "max.request.size",
            "104857600",
            "buffer.memory",
            "104857600",
            "linger.ms",
            "0",
            "delivery.timeout.ms",
            "40000",
            "request.timeout.ms",
            "30000")) {
      RecordMetadata there =
          producer.send(new ProducerRecord<>(topic, large)).get(40, TimeUnit.SECONDS);
      assertEquals(0, there.offset());
      Throwable refused =
          assertThrows(
                  ExecutionException.class,
                  () ->
                      producer
                          .send(new ProducerRecord<>("secret", large))
                          .get(40, TimeUnit.SECONDS))
              .getCause();
      assertInstanceOf(TopicAuthorizationException.class, refused);
      producer.send(record(topic, "after")).get(20, TimeUnit.SECONDS);
    }
    assertTrue(records("Produce").stream().anyMatch(r -> r.requestBytes() > large.length));
    assertEquals(2, log(topic).size());
    assertEquals(List.of(), log("secret"));
  }

  /** The broker is asked which topics their ids are before, never within the request. */
  @Test
  void topicsThatNobodyKnowsYetGoTogetherInOneRequestInPieces() throws Exception {
    List<String> topics = List.of(fresh("first"), fresh("second"), fresh("third"));
    scene.publish(
        "app=api may produce " + topics.get(0),
        "app=api may produce " + topics.get(1),
        "app=api may produce " + topics.get(2));
    byte[] part = new byte[200 << 10];
    new Random(8).nextBytes(part);
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    try (var producer =
        producer(
            "retries", "0",
            "enable.idempotence", "false",
            "linger.ms", "1500",
            "batch.size", "400000")) {
      for (String topic : topics) {
        assertEquals(1, producer.partitionsFor(topic).size());
      }
      for (String topic : topics) {
        sent.add(producer.send(new ProducerRecord<>(topic, part)));
      }
      for (Future<RecordMetadata> one : sent) {
        assertEquals(0, one.get(20, TimeUnit.SECONDS).offset());
      }
      assertTrue(
          records("Produce").stream().anyMatch(r -> r.requestBytes() > 3L * part.length),
          () -> "no request had all: " + scene.records);
      producer.send(record(topics.get(0), "after")).get(20, TimeUnit.SECONDS);
    }
    assertEquals(2, log(topics.get(0)).size());
    assertEquals(1, log(topics.get(1)).size());
    assertEquals(1, log(topics.get(2)).size());
  }

  @Test
  void aLongPollEndsWhenItsTopicMayNotBeReadAnyMore() throws Exception {
    String topic = fresh("poll");
    scene.publish("app=api may consume " + topic);
    try (var consumer = consumer("fetch.max.wait.ms", "30000", "request.timeout.ms", "40000")) {
      var partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      assertEquals(List.of(), read(consumer, 1, Duration.ofSeconds(2)));
      scene.publish("app=api may produce " + topic);
      long began = System.nanoTime();
      assertThrows(
          TopicAuthorizationException.class, () -> read(consumer, 1, Duration.ofSeconds(20)));
      assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(10));
    }
    assertTrue(records("Fetch").stream().anyMatch(r -> r.reason() == Reason.LATE_DENY));
  }

  @Test
  void aTopicMadeAnewIsNotTakenForItsPredecessor() throws Exception {
    String topic = fresh("again");
    scene.publish("app=api may produce " + topic, "app=api may consume " + topic);
    try (var producer = producer()) {
      producer.send(record(topic, "old")).get(20, TimeUnit.SECONDS);
      broker.delete(topic);
      broker.create(topic);
      producer.send(record(topic, "new")).get(20, TimeUnit.SECONDS);
    }
    assertEquals(List.of("new"), log(topic));
  }

  /** Kroxylicious #3444: one unknown id refuses a whole Produce. */
  @Test
  void oneUnknownIdDoesNotRefuseAWholeProduce() throws Exception {
    String kept = fresh("kept");
    String gone = fresh("gone");
    scene.publish("app=api may produce *");
    try (var producer =
        producer(
            "linger.ms",
            "300",
            "delivery.timeout.ms",
            "6000",
            "request.timeout.ms",
            "5000",
            "metadata.max.age.ms",
            "60000")) {
      producer.send(record(kept, "a")).get(20, TimeUnit.SECONDS);
      producer.send(record(gone, "a")).get(20, TimeUnit.SECONDS);
      broker.delete(gone);
      scene.publish("app=api may produce " + kept);
      var one = producer.send(record(gone, "b"));
      var other = producer.send(record(kept, "b"));
      assertEquals(1, other.get(20, TimeUnit.SECONDS).offset());
      assertThrows(ExecutionException.class, () -> one.get(20, TimeUnit.SECONDS));
    }
    assertEquals(List.of("a", "b"), log(kept));
  }

  @Test
  void withoutAcknowledgementNothingDeniedIsWrittenAndTheConnectionEnds() throws Exception {
    String topic = fresh("ack");
    scene.publish("app=api may produce " + topic, "app=api may consume secret");
    try (var producer = producer("acks", "0", "enable.idempotence", "false")) {
      producer.send(record(topic, "x")).get(20, TimeUnit.SECONDS);
      producer.send(record("secret", "y")).get(20, TimeUnit.SECONDS);
      producer.flush();
      Waiting.until(
          "it is refused",
          () ->
              !records("Produce").isEmpty()
                  && records("Produce").stream().anyMatch(r -> r.decision() == Decision.DENY));
      producer.send(record(topic, "z")).get(20, TimeUnit.SECONDS);
    }
    Waiting.until("it is there", () -> log(topic).size() >= 1);
    assertEquals(List.of(), log("secret"));
  }

  @Test
  void framesOfNoKafkaReachNobody() throws Exception {
    scene.publish("app=api may produce *", "app=api may consume *");
    Random random = new Random(42);
    for (int i = 0; i < 300; i++) {
      byte[] garbage = new byte[8 + random.nextInt(200)];
      random.nextBytes(garbage);
      ByteBuffer frame = ByteBuffer.allocate(4 + garbage.length);
      frame.putInt(garbage.length).put(garbage);
      if (i % 2 == 0) {
        // A key and a version that exist, and then noise.
        frame.putShort(4, (short) (i % 95)).putShort(6, (short) random.nextInt(14));
      }
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), scene.listener.port4())) {
        socket.setSoTimeout(10_000);
        socket.getOutputStream().write(frame.array());
        socket.shutdownOutput();
        socket.getInputStream().readAllBytes();
      } catch (IOException e) {
        // A reset is an answer too.
        assertTrue(
            !(e instanceof java.net.SocketTimeoutException),
            () -> "frame of key " + frame.getShort(4) + " version " + frame.getShort(6));
      }
    }
    // And it goes on.
    String topic = fresh("fuzz");
    try (var producer = producer()) {
      producer.send(record(topic, "x")).get(20, TimeUnit.SECONDS);
    }
    assertTrue(!broker.log().contains("InvalidRequestException"));
  }

  @Test
  void whatIsNoKafkaIsRefusedForThat() throws Exception {
    scene.publish("app=api may produce incoming");
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), scene.listener.port4())) {
      socket
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: kafka\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      byte[] answer = socket.getInputStream().readNBytes(12);
      assertEquals("HTTP/1.1 403", new String(answer, StandardCharsets.US_ASCII));
    }
    Waiting.until("it is recorded", () -> !scene.records.isEmpty());
    assertEquals(Reason.NOT_KAFKA, scene.records.element().reason());
  }

  @Test
  void aVersionOfApiVersionsThatNobodyKnowsIsAnsweredInVersion0() throws Exception {
    scene.publish("app=api may produce incoming");
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), scene.listener.port4())) {
      ByteBuffer frame = ByteBuffer.allocate(4 + 8 + 2);
      frame.putInt(10).putShort((short) 18).putShort((short) 99).putInt(7).putShort((short) -1);
      socket.getOutputStream().write(frame.array());
      DataInputStream in = new DataInputStream(socket.getInputStream());
      in.readInt();
      assertEquals(7, in.readInt());
      assertEquals(35, in.readShort());
      assertEquals(1, in.readInt());
      assertEquals(18, in.readShort());
    }
  }
}
