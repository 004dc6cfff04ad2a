package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.l7.kafka.judge.Judges;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Frames that were right and had some of their bytes changed: whatever comes out at the other side
 * is whole, is understood, and is allowed. The callee keeps every byte that reaches it, answers
 * nothing, and ends when nothing more comes.
 */
@Timeout(90)
final class KafkaFuzzTest {
  private static final int FRAMES = 3000;
  private static final int IDLE_MILLIS = 500;
  private static final long SEED = 20261130;

  private static ServerSocket callee;
  private static Scene scene;
  private static final Queue<ByteArrayOutputStream> CAME = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void start() throws Exception {
    Leaks.watch();
    callee = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofPlatform().daemon().start(KafkaFuzzTest::accept);
    scene = new Scene((InetSocketAddress) callee.getLocalSocketAddress());
    scene.publish("app=api may produce good", "app=api may consume good with group mine");
  }

  @AfterAll
  static void stop() throws Exception {
    scene.close();
    callee.close();
    assertEquals(List.of(), Leaks.found());
  }

  private static void accept() {
    while (!callee.isClosed()) {
      try {
        Socket socket = callee.accept();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        CAME.add(all);
        Thread.ofVirtual().start(() -> keep(socket, all));
      } catch (IOException _) {
        return;
      }
    }
  }

  private static void keep(Socket socket, ByteArrayOutputStream all) {
    byte[] piece = new byte[4096];
    try (socket) {
      socket.setSoTimeout(IDLE_MILLIS);
      for (int n = socket.getInputStream().read(piece);
          n >= 0;
          n = socket.getInputStream().read(piece)) {
        all.write(piece, 0, n);
      }
    } catch (IOException _) {
      // A reset, or nothing more comes: what came before it counts.
    }
  }

  private record Seed(ApiKeys api, short version, ApiMessage data) {}

  private static List<Seed> seeds() {
    List<Seed> seeds = new ArrayList<>();
    for (String topic : List.of("good", "evil")) {
      seeds.add(
          new Seed(
              ApiKeys.PRODUCE,
              (short) 12,
              KafkaWire.produce((short) 1, List.of(topic), List.of())));
      seeds.add(
          new Seed(
              ApiKeys.PRODUCE,
              (short) 9,
              KafkaWire.produce((short) 0, List.of("good", topic), List.of())));
      seeds.add(
          new Seed(
              ApiKeys.FETCH,
              (short) 12,
              new FetchRequestData()
                  .setMaxWaitMs(1)
                  .setTopics(
                      List.of(
                          new FetchTopic()
                              .setTopic(topic)
                              .setPartitions(List.of(new FetchPartition()))))));
      seeds.add(
          new Seed(
              ApiKeys.LIST_OFFSETS,
              (short) 7,
              new ListOffsetsRequestData()
                  .setTopics(
                      List.of(new ListOffsetsRequestData.ListOffsetsTopic().setName(topic)))));
      seeds.add(
          new Seed(
              ApiKeys.METADATA,
              (short) 9,
              new MetadataRequestData()
                  .setAllowAutoTopicCreation(false)
                  .setTopics(List.of(new MetadataRequestTopic().setName(topic)))));
      seeds.add(
          new Seed(
              ApiKeys.JOIN_GROUP,
              (short) 9,
              new JoinGroupRequestData()
                  .setGroupId(topic.equals("good") ? "mine" : "theirs")
                  .setProtocolType("consumer")));
      var created = new CreateTopicsRequestData();
      created.topics().add(new CreatableTopic().setName(topic));
      seeds.add(new Seed(ApiKeys.CREATE_TOPICS, (short) 7, created));
      seeds.add(
          new Seed(
              ApiKeys.DELETE_TOPICS,
              (short) 5,
              new DeleteTopicsRequestData().setTopicNames(List.of(topic))));
    }
    return seeds;
  }

  /** One to four of its bytes are others; or it is cut, or longer. */
  private static byte[] changed(byte[] frame, Random random) {
    byte[] changed = frame.clone();
    switch (random.nextInt(6)) {
      case 0 -> {}
      case 1 -> {
        // Another key or version.
        changed[Message.LENGTH + 1 + 2 * random.nextInt(2)] = (byte) random.nextInt(100);
      }
      case 2 -> {
        changed = java.util.Arrays.copyOf(frame, frame.length + 1 + random.nextInt(8));
        ByteBuffer.wrap(changed).putInt(0, changed.length - Message.LENGTH);
      }
      case 3 -> {
        changed = java.util.Arrays.copyOf(frame, 13 + random.nextInt(frame.length - 13));
        ByteBuffer.wrap(changed).putInt(0, changed.length - Message.LENGTH);
      }
      default -> {
        for (int i = random.nextInt(4); i >= 0; i--) {
          changed[Message.LENGTH + random.nextInt(changed.length - Message.LENGTH)] =
              (byte) random.nextInt();
        }
      }
    }
    return changed;
  }

  @Test
  void whateverComesOutIsWholeUnderstoodAndAllowed() throws Exception {
    Random random = new Random(SEED);
    List<Seed> seeds = seeds();
    for (int i = 0; i < FRAMES; i++) {
      Seed seed = seeds.get(random.nextInt(seeds.size()));
      byte[] frame = changed(KafkaWire.frame(seed.api, seed.version, i, seed.data), random);
      int number = i;
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), scene.listener.port4())) {
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write(frame);
        socket.shutdownOutput();
        // What waits for the callee's answer would wait long: one end is enough.
        if (i % 16 == 0) {
          socket.setSoTimeout(20);
          drain(socket, number);
        }
      } catch (IOException _) {
        // A reset is an answer too.
      }
    }
    Waiting.until(
        "every connection has been judged", () -> scene.engine.stats().connections() == 0);
    int frames = 0;
    int requests = 0;
    for (ByteArrayOutputStream one : List.copyOf(CAME)) {
      for (Request request : read(one.toByteArray())) {
        requests++;
        allowed(request);
      }
      frames++;
    }
    System.out.println(
        FRAMES + " frames, " + frames + " connections to the callee, " + requests + " requests");
    assertTrue(requests > FRAMES / 20 && requests < FRAMES, requests + " requests");
  }

  private static void drain(Socket socket, int number) throws IOException {
    try {
      socket.getInputStream().readAllBytes();
    } catch (java.net.SocketTimeoutException e) {
      assertTrue(number >= 0);
    }
  }

  /** Every byte that came belongs to a whole request that is understood. */
  private static List<Request> read(byte[] came) throws Exception {
    List<Request> requests = new ArrayList<>();
    DataInputStream in = new DataInputStream(new java.io.ByteArrayInputStream(came));
    while (in.available() > 0) {
      byte[] frame = new byte[in.readInt()];
      try {
        in.readFully(frame);
      } catch (EOFException e) {
        throw new AssertionError("a part of a frame has come", e);
      }
      ByteBuffer view = ByteBuffer.wrap(frame);
      ApiKeys api = ApiKeys.forId(view.getShort(0));
      assertTrue(Judges.understands(api, view.getShort(2)), api::toString);
      requests.add(Message.request(api, view.getShort(2), view));
    }
    return requests;
  }

  private static void allowed(Request request) {
    Collection<String> named =
        switch (request.data()) {
          case ProduceRequestData produce ->
              produce.topicData().stream().map(TopicProduceData::name).toList();
          case FetchRequestData fetch -> fetch.topics().stream().map(FetchTopic::topic).toList();
          case ListOffsetsRequestData offsets ->
              offsets.topics().stream().map(ListOffsetsRequestData.ListOffsetsTopic::name).toList();
          case CreateTopicsRequestData _, DeleteTopicsRequestData _ ->
              throw new AssertionError(request.api() + " has come");
          default -> List.of();
        };
    for (String name : named) {
      assertEquals("good", name, () -> request.api().toString());
    }
  }
}
