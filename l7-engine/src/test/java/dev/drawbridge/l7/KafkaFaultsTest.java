package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Reason;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.message.SaslHandshakeRequestData;
import org.apache.kafka.common.message.SaslHandshakeResponseData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What other filters of Kafka get wrong, each by its name: a real broker, Kafka's own clients where
 * they send it, frames of ours where they do not.
 */
@Timeout(60)
final class KafkaFaultsTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private static Scene scene;
  private static RealBroker broker;
  private static Uuid incoming;
  private static Uuid secret;

  @TempDir static Path directory;

  @BeforeAll
  static void start() throws Exception {
    Leaks.watch();
    int port = RealOrigin.freePort();
    scene = new Scene(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    scene.publish("app=api may produce incoming");
    broker = RealBroker.start(directory, port, scene.listener.port4());
    broker.create("incoming", "secret", "steady", "flip");
    incoming = id("incoming");
    secret = id("secret");
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

  private static Uuid id(String topic) throws Exception {
    try (Admin admin = broker.admin()) {
      return Objects.requireNonNull(
              admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic))
          .topicId();
    }
  }

  private static Properties properties(String... more) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", "127.0.0.1:" + scene.listener.port4());
    properties.put("default.api.timeout.ms", "15000");
    for (int i = 0; i < more.length; i += 2) {
      properties.put(more[i], more[i + 1]);
    }
    return properties;
  }

  private static KafkaProducer<byte[], byte[]> producer(String... more) {
    Properties properties = properties(more);
    properties.putIfAbsent("max.block.ms", "15000");
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private static KafkaConsumer<byte[], byte[]> consumer(Properties properties) {
    properties.put("auto.offset.reset", "earliest");
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static ProducerRecord<byte[], byte[]> record(String topic, String text) {
    return new ProducerRecord<>(topic, text.getBytes(StandardCharsets.UTF_8));
  }

  /** What lies in a topic's log, by the broker itself. */
  private static List<String> log(String topic) {
    List<String> all = new ArrayList<>();
    try (var reader = consumer(broker.direct())) {
      var partition = new TopicPartition(topic, 0);
      reader.assign(List.of(partition));
      reader.seekToBeginning(List.of(partition));
      long end = Objects.requireNonNull(reader.endOffsets(List.of(partition)).get(partition));
      while (reader.position(partition) < end) {
        for (ConsumerRecord<byte[], byte[]> one : reader.poll(Duration.ofMillis(200))) {
          all.add(new String(one.value(), StandardCharsets.UTF_8));
        }
      }
    }
    return all;
  }

  private static KafkaWire wire() throws Exception {
    return KafkaWire.to(scene.listener.port4());
  }

  private static List<Short> errors(ProduceResponseData answer, List<Uuid> order) {
    List<Short> errors = new ArrayList<>();
    for (Uuid id : order) {
      for (TopicProduceResponse topic : answer.responses()) {
        if (topic.topicId().equals(id)) {
          errors.add(topic.partitionResponses().getFirst().errorCode());
        }
      }
    }
    return errors;
  }

  /** kroxylicious#3444: one id that nobody knows refuses a whole Produce. */
  @Test
  void anIdThatNobodyKnowsIsRefusedByItselfAlone() throws Exception {
    scene.publish("app=api may produce incoming");
    short version = ApiKeys.PRODUCE.latestVersion();
    int before = log("incoming").size();
    List<Uuid> ids = List.of(Uuid.randomUuid(), incoming, secret);
    try (KafkaWire wire = wire()) {
      // The first request of a new connection: after a restart of the agent it is just that.
      wire.send(ApiKeys.PRODUCE, version, 7, KafkaWire.produce((short) -1, List.of(), ids));
      var answer = (ProduceResponseData) wire.answer(ApiKeys.PRODUCE, version, 7);
      assertEquals(
          List.of(
              Errors.UNKNOWN_TOPIC_ID.code(),
              Errors.NONE.code(),
              Errors.TOPIC_AUTHORIZATION_FAILED.code()),
          errors(answer, ids));
    }
    assertEquals(before + 1, log("incoming").size());
    assertEquals(List.of(), log("secret"));
  }

  /** cilium: what is refused here overtakes the answers of the broker that are due before it. */
  @Test
  void aRefusalDoesNotOvertakeTheAnswersBeforeIt() throws Exception {
    scene.publish("app=api may consume incoming", "app=api may produce incoming");
    short fetches = ApiKeys.FETCH.latestVersion();
    short produces = ApiKeys.PRODUCE.latestVersion();
    long end = log("incoming").size();
    try (KafkaWire wire = wire()) {
      wire.send(ApiKeys.FETCH, fetches, 1, longPoll(end, 1500));
      wire.send(
          ApiKeys.PRODUCE, produces, 2, KafkaWire.produce((short) -1, List.of(), List.of(secret)));
      long began = System.nanoTime();
      var polled = (FetchResponseData) wire.answer(ApiKeys.FETCH, fetches, 1);
      assertTrue(System.nanoTime() - began > TimeUnit.MILLISECONDS.toNanos(1000));
      assertEquals(Errors.NONE.code(), polled.errorCode());
      var refused = (ProduceResponseData) wire.answer(ApiKeys.PRODUCE, produces, 2);
      assertEquals(
          List.of(Errors.TOPIC_AUTHORIZATION_FAILED.code()), errors(refused, List.of(secret)));
    }
    assertEquals(List.of(), log("secret"));
  }

  private static FetchRequestData longPoll(long from, int millis) {
    return new FetchRequestData()
        .setMaxWaitMs(millis)
        .setMinBytes(1)
        .setMaxBytes(1 << 20)
        .setTopics(
            List.of(
                new FetchTopic()
                    .setTopicId(incoming)
                    .setPartitions(
                        List.of(
                            new FetchPartition()
                                .setPartition(0)
                                .setFetchOffset(from)
                                .setPartitionMaxBytes(1 << 20)))));
  }

  /** cilium#36250: a rule that says "produce" and no more leaves the producer hanging. */
  @Test
  void aRuleThatSaysProduceAloneIsEnoughForAProducer() throws Exception {
    scene.publish("app=api may produce incoming");
    long began = System.nanoTime();
    try (var producer = producer()) {
      producer.send(record("incoming", "a")).get(20, TimeUnit.SECONDS);
    }
    assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(10));
  }

  /** cilium#2255: the agent dies of a denied produce. */
  @Test
  void aHundredDeniedProducesAreAnsweredEach() throws Exception {
    scene.publish("app=api may produce incoming");
    short version = ApiKeys.PRODUCE.latestVersion();
    try (KafkaWire wire = wire()) {
      for (int i = 0; i < 100; i++) {
        wire.send(
            ApiKeys.PRODUCE, version, i, KafkaWire.produce((short) 1, List.of(), List.of(secret)));
      }
      for (int i = 0; i < 100; i++) {
        var answer = (ProduceResponseData) wire.answer(ApiKeys.PRODUCE, version, i);
        assertEquals(
            List.of(Errors.TOPIC_AUTHORIZATION_FAILED.code()), errors(answer, List.of(secret)));
      }
      int before = log("incoming").size();
      wire.send(
          ApiKeys.PRODUCE,
          version,
          100,
          KafkaWire.produce((short) 1, List.of(), List.of(incoming)));
      wire.answer(ApiKeys.PRODUCE, version, 100);
      assertEquals(before + 1, log("incoming").size());
    }
    assertEquals(List.of(), log("secret"));
  }

  /** kroxylicious#3342, #3476, #3561: whose regular expressions the broker evaluates. */
  @Test
  void anExpressionOfTheBrokersIsRefusedInSoManyWords() {
    scene.publish("app=api may consume incoming");
    try (var consumer =
        consumer(properties("group.protocol", "consumer", "group.id", "expression"))) {
      consumer.subscribe(new SubscriptionPattern("in.*"));
      assertThrows(
          UnsupportedVersionException.class,
          () -> {
            for (int i = 0; i < 50; i++) {
              consumer.poll(Duration.ofMillis(200));
            }
          });
    }
  }

  /** kroxylicious#3440: share groups go by unjudged, or hang. */
  @Test
  void aShareGroupIsRefusedInSoManyWords() {
    scene.publish("app=api may consume *");
    try (var consumer =
        new KafkaShareConsumer<>(
            properties("group.id", "share"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      consumer.subscribe(List.of("incoming"));
      assertThrows(
          UnsupportedVersionException.class,
          () -> {
            for (int i = 0; i < 50; i++) {
              consumer.poll(Duration.ofMillis(200));
            }
          });
    }
  }

  /** kroxylicious#3477: the same of streams groups, by whoever does not ask for versions first. */
  @Test
  void aStreamsGroupIsRefusedAndNeverForwarded() throws Exception {
    scene.publish("app=api may consume *", "app=api may administer");
    short version = ApiKeys.STREAMS_GROUP_HEARTBEAT.latestVersion();
    try (KafkaWire wire = wire()) {
      wire.send(
          ApiKeys.STREAMS_GROUP_HEARTBEAT,
          version,
          3,
          new StreamsGroupHeartbeatRequestData().setGroupId("streams").setMemberId("m"));
      var answer =
          (StreamsGroupHeartbeatResponseData)
              wire.answer(ApiKeys.STREAMS_GROUP_HEARTBEAT, version, 3);
      assertEquals(Errors.UNSUPPORTED_VERSION.code(), answer.errorCode());
    }
    Waiting.until("it is recorded", () -> !scene.records.isEmpty());
    assertEquals(Reason.KAFKA_UNKNOWN, scene.records.element().reason());
  }

  /** envoy: a key or a version that it does not know is forwarded as it is. */
  @Test
  void aVersionNewerThanKnownEndsTheConnection() throws Exception {
    scene.publish("app=api may produce *", "app=api may consume *", "app=api may administer");
    byte[] frame =
        KafkaWire.frame(
            ApiKeys.PRODUCE,
            ApiKeys.PRODUCE.latestVersion(),
            1,
            KafkaWire.produce((short) -1, List.of(), List.of(secret)));
    frame[7] = (byte) (ApiKeys.PRODUCE.latestVersion() + 1);
    try (KafkaWire wire = wire()) {
      wire.send(frame);
      assertTrue(wire.ends());
    }
    assertEquals(List.of(), log("secret"));
  }

  /** After version 0 come frames that are no requests; version 1 is the broker's affair. */
  @Test
  void aHandshakeOfVersion0IsRefusedAndOneOfVersion1Passes() throws Exception {
    scene.publish("app=api may produce incoming");
    for (short version : new short[] {0, 1}) {
      try (KafkaWire wire = wire()) {
        wire.send(
            ApiKeys.SASL_HANDSHAKE,
            version,
            5,
            new SaslHandshakeRequestData().setMechanism("PLAIN"));
        var answer = (SaslHandshakeResponseData) wire.answer(ApiKeys.SASL_HANDSHAKE, version, 5);
        // A broker's plain listener knows the key, and says that this is no time for it.
        assertEquals(
            (version == 0 ? Errors.UNSUPPORTED_VERSION : Errors.ILLEGAL_SASL_STATE).code(),
            answer.errorCode());
      }
    }
  }

  /** Not even a silence: TLS under a Kafka rule has a reason of its own. */
  @Test
  void tlsIsRefusedForWhatItIs() throws Exception {
    scene.publish("app=api may produce incoming");
    try (SSLSocket socket =
        (SSLSocket)
            SSLContext.getDefault()
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), scene.listener.port4())) {
      socket.setSoTimeout(10_000);
      assertThrows(SSLException.class, socket::startHandshake);
    }
    Waiting.until("it is recorded", () -> !scene.records.isEmpty());
    assertEquals(Reason.TLS_UNDER_HTTP_RULE, scene.records.element().reason());
  }

  /** Old clients ask for a session; whoever goes on with one that is not there begins anew. */
  @Test
  void aFetchOfASessionThatNobodyKnowsBeginsAnew() throws Exception {
    scene.publish("app=api may consume incoming");
    short version = ApiKeys.FETCH.latestVersion();
    try (KafkaWire wire = wire()) {
      wire.send(ApiKeys.FETCH, version, 1, longPoll(0, 0).setSessionId(77).setSessionEpoch(5));
      var answer = (FetchResponseData) wire.answer(ApiKeys.FETCH, version, 1);
      assertEquals(Errors.FETCH_SESSION_ID_NOT_FOUND.code(), answer.errorCode());
      wire.send(ApiKeys.FETCH, version, 2, longPoll(0, 0).setSessionEpoch(0));
      answer = (FetchResponseData) wire.answer(ApiKeys.FETCH, version, 2);
      assertEquals(Errors.NONE.code(), answer.errorCode());
      assertEquals(0, answer.sessionId());
    }
  }

  /**
   * A hundred policies a second under load: what was acknowledged lies in the log once, what was
   * denied does not, and whoever was never denied notices nothing.
   */
  @Test
  void policiesThatChangeAHundredTimesASecondLoseAndDoubleNothing() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger published = new AtomicInteger();
    Thread changing =
        Thread.ofPlatform()
            .start(() -> {
              while (!done.get()) {
                String other =
                    published.incrementAndGet() % 2 == 0
                        ? "app=api may produce flip"
                        : "app=api may consume flip";
                scene.publish("app=api may produce steady", "app=api may consume steady", other);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(9));
              }
            });
    Set<String> written = ConcurrentHashMap.newKeySet();
    Set<String> denied = ConcurrentHashMap.newKeySet();
    ConcurrentLinkedQueue<Exception> others = new ConcurrentLinkedQueue<>();
    long began = System.nanoTime();
    List<String> read = new ArrayList<>();
    int steady = 0;
    try (var producer = producer("linger.ms", "0");
        var flipper = producer("linger.ms", "0");
        var consumer = consumer(properties())) {
      var partition = new TopicPartition("steady", 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      for (int i = 0; System.nanoTime() - began < TimeUnit.SECONDS.toNanos(8); i++) {
        String one = "r" + i;
        var _ =
            flipper.send(
                record("flip", one),
                (_, e) -> {
                  if (e == null) {
                    written.add(one);
                  } else if (e instanceof TopicAuthorizationException) {
                    denied.add(one);
                  } else {
                    others.add(e);
                  }
                });
        producer.send(record("steady", one)).get(20, TimeUnit.SECONDS);
        steady++;
        consumer
            .poll(Duration.ZERO)
            .forEach(r -> read.add(new String(r.value(), StandardCharsets.UTF_8)));
      }
      flipper.flush();
      long end = System.nanoTime() + SOON.toNanos();
      while (read.size() < steady && System.nanoTime() < end) {
        consumer
            .poll(Duration.ofMillis(200))
            .forEach(r -> read.add(new String(r.value(), StandardCharsets.UTF_8)));
      }
    } finally {
      done.set(true);
      changing.join();
    }
    System.out.printf(
        "%d policies; steady: %d written; flip: %d written, %d denied%n",
        published.get(), steady, written.size(), denied.size());
    assertEquals(List.of(), List.copyOf(others));
    assertTrue(published.get() > 400, () -> published + " policies in 8 s");
    assertTrue(!written.isEmpty() && !denied.isEmpty());
    List<String> flip = log("flip");
    assertEquals(written, new HashSet<>(flip));
    assertEquals(written.size(), flip.size(), "something is there twice");
    List<String> all = log("steady");
    assertEquals(steady, all.size());
    assertEquals(steady, new HashSet<>(all).size());
    assertEquals(all, read);
  }

  /** Versions are asked for by every client, of whoever may do anything at all. */
  @Test
  void whoMayNothingIsNotEvenToldWhatTheBrokerIs() throws Exception {
    scene.publish("app=other may produce incoming");
    short version = ApiKeys.API_VERSIONS.latestVersion();
    try (KafkaWire wire = wire()) {
      wire.send(
          ApiKeys.API_VERSIONS,
          version,
          1,
          new ApiVersionsRequestData().setClientSoftwareName("wire").setClientSoftwareVersion("1"));
      assertTrue(wire.ends());
    } catch (java.net.SocketException e) {
      // A reset is an end too.
      assertInstanceOf(java.net.SocketException.class, e);
    }
    assertTrue(scene.records.stream().allMatch(r -> r.decision() == Decision.DENY));
  }
}
