package dev.drawbridge.l7.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.drawbridge.l7.kafka.frame.KafkaLimits;
import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.l7.kafka.judge.ProduceJudge;
import dev.drawbridge.l7.kafka.judge.TopicNames;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What one frame makes the engine hold, compute and remember, whoever wrote it. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class HostileFramesTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** A third of the shipped heap, for the largest frame that is read whole. */
  private static final long MOST = 20L << 20;

  private static final long LITTLE = 1 << 20;

  /** Runs of octets that say "very many" wherever a length may stand, and such as say "one". */
  private static final List<int[]> PATTERNS =
      List.of(
          new int[] {0xff, 0xff, 0xff, 0x01},
          new int[] {0x80, 0x80, 0xc0, 0x01},
          new int[] {0, 0x0f, 0, 0},
          new int[] {0, 0x3f, 0, 0},
          new int[] {1},
          new int[] {2},
          new int[] {2, 0},
          new int[] {0, 0, 0, 1},
          new int[] {0},
          new int[] {0xff},
          new int[] {0x7f});

  private interface Reading {
    void run() throws Exception;
  }

  /** Once more if it was much: the first run loads classes. */
  private static long allocated(Reading reading) throws Exception {
    long bytes = Long.MAX_VALUE;
    for (int i = 0; i < 2 && bytes > LITTLE; i++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      reading.run();
      bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
    }
    return bytes;
  }

  /** Full of a pattern, from behind its first four octets, which are none of its. */
  private static byte[] filled(int size, int[] pattern) {
    byte[] frame = new byte[size];
    for (int i = 0; i < pattern.length; i++) {
      frame[Integer.BYTES + i] = (byte) pattern[i];
    }
    int done = pattern.length;
    while (Integer.BYTES + done < size) {
      int more = Math.min(done, size - Integer.BYTES - done);
      System.arraycopy(frame, Integer.BYTES, frame, Integer.BYTES + done, more);
      done += more;
    }
    return frame;
  }

  private static List<ApiKeys> keys() {
    return Arrays.stream(ApiKeys.values()).filter(ApiKeys::hasValidVersion).toList();
  }

  private static Set<Short> versions(ApiKeys api) {
    return new TreeSet<>(List.of(api.oldestVersion(), api.latestVersion()));
  }

  /** Into a frame of nothing: the header of a client without a name. */
  private static int header(byte[] frame, ApiKeys api, short version) {
    ByteBuffer.wrap(frame)
        .putShort(api.id)
        .putShort(version)
        .putInt(1)
        .putShort((short) -1)
        .put((byte) 0);
    return api.requestHeaderVersion(version) > 1 ? 11 : 10;
  }

  @Test
  void noRequestOfAnyKeyMakesRoomForWhatItOnlyAnnounces() throws Exception {
    for (int[] pattern : PATTERNS) {
      byte[] whole = filled(KafkaLimits.WHOLE, pattern);
      for (ApiKeys api : keys()) {
        for (short version : versions(api)) {
          byte[] frame =
              Arrays.copyOf(
                  whole, api == ApiKeys.PRODUCE ? KafkaLimits.WHOLE_PRODUCE : whole.length);
          int begin = header(frame, api, version);
          System.arraycopy(whole, Integer.BYTES, frame, begin, 16);
          long bytes = allocated(() -> read(api, version, frame));
          assertTrue(
              bytes < MOST, () -> api + " " + version + Arrays.toString(pattern) + ": " + bytes);
        }
      }
    }
  }

  private static void read(ApiKeys api, short version, byte[] frame) {
    try {
      Request request = Message.request(api, version, ByteBuffer.wrap(frame));
      assertTrue(request.weight() >= frame.length);
    } catch (Message.Unreadable _) {
      // As it should be, of most of them.
    }
  }

  @Test
  void noAnswerThatIsReadMakesRoomForWhatItOnlyAnnounces() throws Exception {
    for (int[] pattern : PATTERNS) {
      byte[] frame = filled(KafkaLimits.ANSWER, pattern);
      for (ApiKeys api : keys()) {
        for (short version : versions(api)) {
          long bytes = allocated(() -> readAnswer(api, version, frame));
          assertTrue(
              bytes < MOST, () -> api + " " + version + Arrays.toString(pattern) + ": " + bytes);
        }
      }
    }
  }

  private static void readAnswer(ApiKeys api, short version, byte[] frame) {
    try {
      assertTrue(
          Message.answer(api, version, ByteBuffer.wrap(frame)).lowestSupportedVersion() <= version);
    } catch (Message.Unreadable _) {
      // As it should be, of most of them.
    }
  }

  /** Takes everything. */
  private static final class Anywhere implements BigProduce.Onward {
    @Override
    public boolean mayWrite(
        @Nullable String name, @Nullable Uuid id, @Nullable String transaction) {
      return true;
    }

    @Override
    public boolean knows(Uuid id) {
      return true;
    }

    @Override
    public void pass(ByteBuf in, int length) {
      in.skipBytes(length);
    }

    @Override
    public void pass(ByteBuffer bytes) {}
  }

  @Test
  void aLargeProduceMakesNoRoomForWhatItOnlyAnnounces() throws Exception {
    ApiKeys api = ApiKeys.PRODUCE;
    for (short v = api.oldestVersion(); v <= api.latestVersion(); v++) {
      boolean flexible = api.requestHeaderVersion(v) > 1;
      byte[] frame = new byte[64];
      ByteBuffer to = ByteBuffer.wrap(frame).position(header(frame, api, v));
      if (flexible) {
        // No transaction, acks, timeout; fifty million topics.
        to.put((byte) 0).putShort((short) 1).putInt(1).putInt(0x80e1eb17);
      } else {
        to.putShort((short) -1).putShort((short) 1).putInt(1).putInt(50_000_000);
      }
      short version = v;
      BigProduce.Progress[] came = new BigProduce.Progress[1];
      long bytes =
          allocated(() -> {
            BigProduce big = new BigProduce(version, KafkaLimits.FRAME, new Anywhere());
            came[0] = big.take(Unpooled.wrappedBuffer(frame));
          });
      assertTrue(bytes < LITTLE, "version " + v + ": " + bytes);
      assertEquals(BigProduce.Progress.MALFORMED, came[0], "version " + v);
    }
  }

  @Test
  void whatKafkaKeepsByHashIsNotMany() throws Exception {
    for (int many : new int[] {KafkaLimits.HASHED_ELEMENTS, KafkaLimits.HASHED_ELEMENTS + 1}) {
      var data = new CreateTopicsRequestData();
      for (int i = 0; i < many; i++) {
        data.topics().add(new CreatableTopic().setName("t" + i));
      }
      short version = ApiKeys.CREATE_TOPICS.latestVersion();
      ByteBuffer frame =
          Message.write(ApiKeys.CREATE_TOPICS, version, new RequestHeaderData(), data);
      ByteBuffer body = frame.position(Message.LENGTH).slice();
      if (many > KafkaLimits.HASHED_ELEMENTS) {
        assertThrows(
            Message.Unreadable.class, () -> Message.request(ApiKeys.CREATE_TOPICS, version, body));
      } else {
        assertTrue(Message.request(ApiKeys.CREATE_TOPICS, version, body).weight() > many);
      }
    }
  }

  @Test
  void whatKafkaKeepsByHashIsNotManyInALargeProduceEither() {
    for (int many : new int[] {KafkaLimits.HASHED_ELEMENTS, KafkaLimits.HASHED_ELEMENTS + 1}) {
      var data = new ProduceRequestData();
      for (int i = 0; i < many; i++) {
        data.topicData().add(new TopicProduceData().setName("t" + i));
      }
      short version = ProduceJudge.FIRST_WITH_IDS - 1;
      ByteBuffer frame = Message.write(ApiKeys.PRODUCE, version, new RequestHeaderData(), data);
      ByteBuf in = Unpooled.wrappedBuffer(frame.position(Message.LENGTH));
      BigProduce big = new BigProduce(version, in.readableBytes(), new Anywhere());
      BigProduce.Progress progress = BigProduce.Progress.MORE;
      while (progress == BigProduce.Progress.MORE && in.isReadable()) {
        progress = big.take(in);
      }
      assertEquals(
          many > KafkaLimits.HASHED_ELEMENTS
              ? BigProduce.Progress.MALFORMED
              : BigProduce.Progress.WHOLE,
          progress);
    }
  }

  @Test
  void aNameThatNoTopicHasIsNotRemembered() {
    TopicNames names = new TopicNames();
    Uuid id = new Uuid(1, 2);
    names.learn(id, "x".repeat(250));
    assertNull(names.name(id));
    names.learn(id, "x".repeat(249));
    assertEquals("x".repeat(249), names.name(id));
  }

  @Test
  void whatIsKeptForAnAnswerIsCounted() {
    Pending pending = new Pending(1, ApiKeys.PRODUCE, (short) 9);
    pending.weight = 1_000;
    assertEquals(0, pending.keeps());
    pending.amending = answer -> answer;
    assertEquals(1_000, pending.keeps());
  }
}
