package dev.drawbridge.l7.kafka;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.judge.ProduceJudge;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SPEC K6: requests that go by in pieces, cut at every place, in every version. */
final class BigProduceTest {
  private static final short OLDEST = ApiKeys.PRODUCE.oldestVersion();
  private static final short NEWEST = ApiKeys.PRODUCE.latestVersion();

  /** Lets go on what is not called bad. */
  private static final class Sink implements BigProduce.Onward {
    final ByteBuf gone = Unpooled.buffer();
    final List<String> asked = new ArrayList<>();

    /** How much had gone on when a broker might have been asked for an id. */
    final List<Integer> known = new ArrayList<>();

    final boolean all;

    Sink(boolean all) {
      this.all = all;
    }

    @Override
    public boolean mayWrite(
        @Nullable String name, @Nullable Uuid id, @Nullable String transaction) {
      String topic = id == null ? "" + name : id.getLeastSignificantBits() == 1 ? "bad" : "t";
      asked.add(topic);
      return all || !topic.equals("bad");
    }

    @Override
    public boolean knows(Uuid id) {
      known.add(gone.readableBytes());
      return true;
    }

    @Override
    public void pass(ByteBuf in, int length) {
      gone.writeBytes(in, length);
    }

    @Override
    public void pass(ByteBuffer bytes) {
      gone.writeBytes(bytes);
    }
  }

  private static byte[] frame(short version, List<String> topics, int recordBytes) {
    Random random = new Random(version);
    var data = new ProduceRequestData().setAcks((short) 1).setTransactionalId("x");
    for (String topic : topics) {
      List<PartitionProduceData> partitions = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        byte[] records = new byte[recordBytes + i];
        random.nextBytes(records);
        partitions.add(
            new PartitionProduceData()
                .setIndex(i)
                .setRecords(MemoryRecords.readableRecords(ByteBuffer.wrap(records))));
      }
      boolean byId = version >= ProduceJudge.FIRST_WITH_IDS;
      data.topicData()
          .add(
              new TopicProduceData()
                  .setName(byId ? "" : topic)
                  .setTopicId(
                      byId
                          ? new Uuid(topic.hashCode(), topic.equals("bad") ? 1 : 2)
                          : Uuid.ZERO_UUID)
                  .setPartitionData(partitions));
    }
    ByteBuffer frame =
        Message.write(ApiKeys.PRODUCE, version, new RequestHeaderData().setClientId("c"), data);
    byte[] bytes = new byte[frame.remaining()];
    frame.get(bytes);
    return bytes;
  }

  private static BigProduce.Progress feed(BigProduce big, byte[] frame, int piece) {
    int at = Message.LENGTH;
    ByteBuf left = Unpooled.EMPTY_BUFFER;
    while (true) {
      if (!left.isReadable()) {
        int size = Math.min(piece, frame.length - at);
        assertTrue(size > 0, "it wants more than there is");
        left = Unpooled.wrappedBuffer(frame, at, size);
        at += size;
      }
      BigProduce.Progress progress = big.take(left);
      if (progress == BigProduce.Progress.WHOLE) {
        big.finish(left);
        assertEquals(frame.length, at - left.readableBytes());
      }
      if (progress != BigProduce.Progress.MORE) {
        return progress;
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 64, 1000, 4096, 100_000})
  void whatIsAllowedGoesOnAsItCame(int piece) {
    for (short v = OLDEST; v <= NEWEST; v++) {
      byte[] frame = frame(v, List.of("t", "u"), 300);
      Sink sink = new Sink(true);
      BigProduce big = new BigProduce(v, frame.length - Message.LENGTH, sink);
      assertEquals(BigProduce.Progress.WHOLE, feed(big, frame, piece));
      byte[] gone = new byte[sink.gone.readableBytes()];
      sink.gone.readBytes(gone);
      assertArrayEquals(frame, gone, "version " + v);
      assertEquals(4, sink.asked.size());
      assertTrue(sink.known.stream().allMatch(before -> before == 0), "asked within a request");
      assertEquals("x", ((ProduceRequestData) big.request().data()).transactionalId());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 100_000})
  void noRecordOfARefusedTopicGoesOnAndTheRequestNeverEnds(int piece) {
    for (short v = OLDEST; v <= NEWEST; v++) {
      byte[] first = frame(v, List.of("bad", "t"), 300);
      Sink none = new Sink(false);
      BigProduce big = new BigProduce(v, first.length - Message.LENGTH, none);
      while (!big.isRefused()) {
        feedSome(big, first, piece);
      }
      assertEquals(0, none.gone.readableBytes());
      assertFalse(big.hasPassed());
      byte[] later = frame(v, List.of("t", "bad"), 300);
      Sink some = new Sink(false);
      BigProduce half = new BigProduce(v, later.length - Message.LENGTH, some);
      feedSome(half, later, piece);
      assertTrue(half.isRefused() && half.hasPassed());
      assertTrue(some.gone.readableBytes() < later.length - 600, "" + some.gone.readableBytes());
    }
  }

  private static void feedSome(BigProduce big, byte[] frame, int piece) {
    int at = Message.LENGTH;
    ByteBuf left = Unpooled.EMPTY_BUFFER;
    while (at < frame.length || left.isReadable()) {
      if (!left.isReadable()) {
        int size = Math.min(piece, frame.length - at);
        left = Unpooled.wrappedBuffer(frame, at, size);
        at += size;
      }
      if (big.take(left) != BigProduce.Progress.MORE) {
        return;
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 100_000})
  void aFrameThatIsCutOrHasMoreIsNone(int piece) {
    for (short v = OLDEST; v <= NEWEST; v++) {
      byte[] frame = frame(v, List.of("t"), 50);
      Sink sink = new Sink(true);
      BigProduce longer = new BigProduce(v, frame.length - Message.LENGTH + 3, sink);
      byte[] padded = java.util.Arrays.copyOf(frame, frame.length + 3);
      assertEquals(BigProduce.Progress.MALFORMED, feed(longer, padded, piece), "version " + v);
      BigProduce shorter = new BigProduce(v, frame.length - Message.LENGTH - 3, new Sink(true));
      byte[] cut = java.util.Arrays.copyOf(frame, frame.length - 3);
      assertEquals(BigProduce.Progress.MALFORMED, feed(shorter, cut, piece), "version " + v);
    }
  }
}
