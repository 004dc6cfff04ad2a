package dev.drawbridge.l7.kafka.frame;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Readable;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;

/**
 * A frame without its records, as far as it has come: what the generated classes read in place of
 * the frame. Where records stand they read nothing; where more has to come they are told so.
 */
public final class Skeleton implements Readable {
  /** More has to come. */
  public static final class More extends RuntimeException {
    private static final long serialVersionUID = 1L;

    More() {
      super(null, null, false, false);
    }
  }

  private static final int FIRST_BYTES = 8192;

  private final int total;
  private byte[] bytes = new byte[FIRST_BYTES];
  private int size;
  private final List<Integer> records = new ArrayList<>();

  private int at;
  private long virtual;
  private int passed;
  private int found = -1;
  private String lastText = "";
  private @Nullable Uuid lastId;

  /**
   * An empty one.
   *
   * @param total bytes of the frame
   */
  public Skeleton(int total) {
    this.total = total;
  }

  /** Room for more bytes. */
  public int room() {
    return KafkaLimits.SKELETON - size;
  }

  public void append(ByteBuffer more) {
    int length = more.remaining();
    if (size + length > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.min(KafkaLimits.SKELETON, 2 * (size + length)));
    }
    more.get(bytes, size, length);
    size += length;
  }

  /**
   * Length of the records at which the reader asked for more; -1: it was not because of records.
   */
  public int found() {
    return found;
  }

  public int size() {
    return size;
  }

  /** From here on are records: what was appended beyond is not part of it. */
  public void cut(int length) {
    size = at;
    records.add(length);
  }

  /** Forgets what was appended beyond that. */
  public void shorten(int length) {
    size = length;
  }

  /** Whether what was read is all of the frame. */
  public boolean isWhole() {
    return virtual == total && at == size;
  }

  /** What was appended between two places. */
  public ByteBuffer between(int from, int to) {
    return ByteBuffer.wrap(bytes, from, to - from);
  }

  /** Reads from the beginning again. */
  public void rewind() {
    at = 0;
    virtual = 0;
    passed = 0;
    found = -1;
  }

  public int at() {
    return at;
  }

  /** The text that was read last: the topic's name, when records come. */
  public String lastText() {
    return lastText;
  }

  /** The id that was read last; null: none. */
  public @Nullable Uuid lastId() {
    return lastId;
  }

  private int need(int length) {
    if (length < 0 || virtual + length > total) {
      throw new IllegalArgumentException("a field goes beyond the frame");
    }
    if (size - at < length) {
      throw new More();
    }
    int from = at;
    at += length;
    virtual += length;
    return from;
  }

  private ByteBuffer part(int length) {
    return ByteBuffer.wrap(bytes, need(length), length).slice();
  }

  @Override
  public MemoryRecords readRecords(int length) {
    if (length < 0 || virtual + length > total) {
      throw new IllegalArgumentException("records go beyond the frame");
    }
    if (passed == records.size()) {
      found = length;
      throw new More();
    }
    passed++;
    virtual += length;
    return MemoryRecords.EMPTY;
  }

  @Override
  public byte readByte() {
    return bytes[need(1)];
  }

  @Override
  public short readShort() {
    return part(Short.BYTES).getShort();
  }

  @Override
  public int readInt() {
    return part(Integer.BYTES).getInt();
  }

  @Override
  public long readLong() {
    return part(Long.BYTES).getLong();
  }

  @Override
  public double readDouble() {
    return part(Double.BYTES).getDouble();
  }

  @Override
  public byte[] readArray(int length) {
    int from = need(length);
    return Arrays.copyOfRange(bytes, from, from + length);
  }

  @Override
  public String readString(int length) {
    lastText = new String(readArray(length), StandardCharsets.UTF_8);
    return lastText;
  }

  @Override
  public Uuid readUuid() {
    Uuid id = new Uuid(readLong(), readLong());
    lastId = id;
    return id;
  }

  /** At most five octets of seven bits each, the least first. */
  @Override
  public int readUnsignedVarint() {
    int value = 0;
    for (int shift = 0; shift <= 28; shift += 7) {
      byte octet = readByte();
      value |= (octet & 0x7f) << shift;
      if (octet >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a number is too long");
  }

  @Override
  public ByteBuffer readByteBuffer(int length) {
    return ByteBuffer.wrap(readArray(length));
  }

  @Override
  public int readVarint() {
    int value = readUnsignedVarint();
    return (value >>> 1) ^ -(value & 1);
  }

  @Override
  public long readVarlong() {
    throw new IllegalArgumentException("no request has such a number");
  }

  /**
   * What the generated classes hold the length of an array against before they read it: each
   * element has an octet at least that is no record's.
   */
  @Override
  public int remaining() {
    int most = Math.min(KafkaLimits.SKELETON - at, KafkaLimits.HASHED_ELEMENTS);
    return (int) Math.min(total - virtual, most);
  }

  @Override
  public Readable slice() {
    throw new IllegalArgumentException("no request is read in parts");
  }

  public long holds() {
    return bytes.length;
  }
}
