package dev.drawbridge.l7.kafka.frame;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Set;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.utils.internals.ImplicitLinkedHashCollection;
import org.jspecify.annotations.Nullable;

/**
 * Frames as Kafka's own generated classes read and write them. A frame that has anything after what
 * they read is not one that every broker would read alike; but librdkafka 2.8 writes three bytes
 * too many where it asks for all topics, which brokers pass over.
 */
public final class Message {
  /** Bytes of the length in front of a frame. */
  public static final int LENGTH = 4;

  /** Key, version and correlation id, which stand first in every request. */
  public static final int FIXED_HEADER = 8;

  /** Bytes that a field becomes at most: a text of one character in a list of its own. */
  private static final long FIELD_BYTES = 40;

  /** Keys whose requests have tables by hash. */
  private static final Set<ApiKeys> HASHED = hashed();

  private Message() {}

  /** The correlation id of a request that is known by its first bytes alone. */
  public static int correlation(ByteBuf frame) {
    return frame.getInt(frame.readerIndex() + LENGTH + 2 * Short.BYTES);
  }

  private static Set<ApiKeys> hashed() {
    Set<ApiKeys> hashed = EnumSet.noneOf(ApiKeys.class);
    for (ApiKeys api : ApiKeys.values()) {
      if (!api.hasValidVersion()) {
        continue;
      }
      for (Class<?> part : api.messageType.newRequest().getClass().getDeclaredClasses()) {
        if (ImplicitLinkedHashCollection.class.isAssignableFrom(part)) {
          hashed.add(api);
        }
      }
    }
    return hashed;
  }

  /** A frame that cannot be read. */
  public static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;

    Unreadable(String why) {
      super(why, null, false, false);
    }

    Unreadable(RuntimeException cause) {
      super(String.valueOf(cause.getMessage()), cause, false, false);
    }
  }

  /**
   * Reads a request, without its length.
   *
   * @param api of its first field, in a version that is known
   */
  public static Request request(ApiKeys api, short version, ByteBuffer frame) throws Unreadable {
    var in =
        HASHED.contains(api)
            ? new Counted(frame, KafkaLimits.HASHED_FIELDS, KafkaLimits.HASHED_ELEMENTS)
            : new Counted(frame, KafkaLimits.REQUEST_FIELDS, KafkaLimits.REQUEST_FIELDS);
    try {
      var header = new RequestHeaderData(in, api.requestHeaderVersion(version));
      ApiMessage data = api.messageType.newRequest();
      data.read(in, version);
      boolean followed = api == ApiKeys.METADATA && in.unread() > 0;
      if (!followed) {
        end(in);
      }
      long weight = frame.limit() + FIELD_BYTES * in.fields();
      return new Request(api, version, header, data, followed, weight);
    } catch (RuntimeException e) {
      throw new Unreadable(e);
    }
  }

  /** Reads an answer, without its length, as one to that version of that request. */
  public static ApiMessage answer(ApiKeys api, short version, ByteBuffer frame) throws Unreadable {
    var in = new Counted(frame, KafkaLimits.ANSWER_FIELDS, KafkaLimits.ANSWER_ELEMENTS);
    try {
      ResponseHeaderData _ = new ResponseHeaderData(in, api.responseHeaderVersion(version));
      ApiMessage data = api.messageType.newResponse();
      data.read(in, version);
      end(in);
      return data;
    } catch (RuntimeException e) {
      throw new Unreadable(e);
    }
  }

  /** Whether a broker says, in version 0, that it does not know the version asked: KIP-511. */
  public static boolean isUnsupportedVersion(ApiKeys api, ByteBuffer frame) {
    return api == ApiKeys.API_VERSIONS
        && frame.remaining() >= Integer.BYTES + Short.BYTES
        && frame.getShort(frame.position() + Integer.BYTES) == Errors.UNSUPPORTED_VERSION.code();
  }

  private static void end(Counted in) throws Unreadable {
    if (in.unread() != 0) {
      throw new Unreadable(in.unread() + " bytes too many");
    }
  }

  /** A request with its length, under a correlation id. */
  public static ByteBuffer write(
      ApiKeys api, short version, RequestHeaderData header, ApiMessage data) {
    var own =
        new RequestHeaderData()
            .setRequestApiKey(api.id)
            .setRequestApiVersion(version)
            .setCorrelationId(header.correlationId())
            .setClientId(header.clientId());
    return framed(own, api.requestHeaderVersion(version), data, version);
  }

  /** An answer with its length. */
  public static ByteBuffer writeAnswer(
      ApiKeys api, short version, int correlation, ApiMessage data) {
    return framed(
        new ResponseHeaderData().setCorrelationId(correlation),
        api.responseHeaderVersion(version),
        data,
        version);
  }

  private static ByteBuffer framed(
      ApiMessage header, short headerVersion, ApiMessage data, short version) {
    var cache = new ObjectSerializationCache();
    int size = header.size(cache, headerVersion) + data.size(cache, version);
    ByteBuffer out = ByteBuffer.allocate(LENGTH + size);
    out.putInt(size);
    var to = new ByteBufferAccessor(out);
    header.write(to, cache, headerVersion);
    data.write(to, cache, version);
    return out.flip();
  }

  /**
   * What Kafka itself answers where all of a request fails with that error; null: nothing is
   * answered, or the request has values that no broker would take.
   */
  public static @Nullable ApiMessage failed(
      ApiKeys api, short version, ApiMessage request, Errors error) {
    var cache = new ObjectSerializationCache();
    ByteBuffer body = ByteBuffer.allocate(request.size(cache, version));
    request.write(new ByteBufferAccessor(body), cache, version);
    body.flip();
    AbstractResponse answer;
    try {
      answer =
          AbstractRequest.parseRequest(api, version, new ByteBufferAccessor(body))
              .request
              .getErrorResponse(0, error.exception());
    } catch (RuntimeException _) {
      // Beyond its fields it has values that Kafka's own class does not take.
      return null;
    }
    return answer == null ? null : answer.data();
  }

  /** Ends with what it may make of a frame. */
  private static final class Counted extends ByteBufferAccessor {
    private final int most;
    private final int elements;
    private int left;

    Counted(ByteBuffer frame, int fields, int elements) {
      super(frame);
      this.most = fields;
      this.elements = elements;
      this.left = fields;
    }

    int unread() {
      return super.remaining();
    }

    /** How many were read. */
    int fields() {
      return most - left;
    }

    /**
     * What the generated classes hold the length of an array against before they read it: each
     * element has a field at least.
     */
    @Override
    public int remaining() {
      return Math.min(super.remaining(), Math.min(left, elements));
    }

    private void field() {
      if (--left < 0) {
        throw new IllegalArgumentException("too many fields");
      }
    }

    @Override
    public byte readByte() {
      field();
      return super.readByte();
    }

    @Override
    public short readShort() {
      field();
      return super.readShort();
    }

    @Override
    public int readInt() {
      field();
      return super.readInt();
    }

    @Override
    public long readLong() {
      field();
      return super.readLong();
    }

    @Override
    public byte[] readArray(int size) {
      field();
      return super.readArray(size);
    }

    @Override
    public int readUnsignedVarint() {
      field();
      return super.readUnsignedVarint();
    }
  }
}
