package dev.drawbridge.l7.kafka;

import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.l7.kafka.frame.Skeleton;
import dev.drawbridge.l7.kafka.judge.ProduceJudge;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.jspecify.annotations.Nullable;

/**
 * A Produce request that is too large to be held. Its records go by as they come, each run of them
 * after the topic before it was judged; the whole request is judged once more when all of it has
 * come but its last byte, and without that no broker does anything with it.
 */
final class BigProduce {
  /** How much is looked at at once where it may be no records. */
  private static final int PIECE = 4096;

  /** What a piece came to. */
  enum Progress {
    /** It was taken, more has to come. */
    MORE,
    /** A topic's id has to be known first; the piece comes again. */
    UNKNOWN_ID,
    /** All has come: {@link #request()} is whole, and the last byte is kept. */
    WHOLE,
    /** It is not a request that every broker would read alike. */
    MALFORMED
  }

  /** Who judges topics and takes what goes on. */
  interface Onward {
    /** Whether records of that topic may go on; asked before them. */
    boolean mayWrite(@Nullable String name, @Nullable Uuid id, @Nullable String transaction);

    /** Whether that topic's name is known, or cannot be; asked before anything has gone on. */
    boolean knows(Uuid id);

    void pass(ByteBuf in, int length);

    void pass(ByteBuffer bytes);
  }

  private final short version;
  private final int total;
  private final Skeleton skeleton;
  private final Onward onward;
  private RequestHeaderData header = new RequestHeaderData();
  private ProduceRequestData data = new ProduceRequestData();

  /** Bytes of the frame that have not come. */
  private int left;

  /** Bytes of records that are to come next. */
  private int records;

  /** How much of the skeleton has gone on. */
  private int sent;

  private boolean refused;
  private boolean passed;

  /**
   * A request of which nothing has come.
   *
   * @param total bytes of its frame, without the length in front
   */
  BigProduce(short version, int total, Onward onward) {
    this.version = version;
    this.total = total;
    this.left = total;
    this.skeleton = new Skeleton(total);
    this.onward = onward;
  }

  /** Takes a piece of the frame. */
  Progress take(ByteBuf in) {
    Progress progress = records > 0 ? records(in) : structure(in);
    if (progress != Progress.WHOLE) {
      // It is read again from its bytes; between pieces only these are kept.
      header = new RequestHeaderData();
      data = new ProduceRequestData();
    }
    return progress;
  }

  private Progress records(ByteBuf in) {
    int size = Math.min(records, in.readableBytes());
    boolean last = size == left;
    int now = last ? size - 1 : size;
    records -= now;
    left -= now;
    if (refused) {
      in.skipBytes(now);
    } else if (now > 0) {
      passed = true;
      onward.pass(in, now);
    }
    return last ? read() : Progress.MORE;
  }

  private Progress structure(ByteBuf in) {
    int size = Math.min(Math.min(PIECE, in.readableBytes()), Math.min(left, skeleton.room()));
    if (size == 0) {
      return Progress.MALFORMED;
    }
    int before = skeleton.size();
    skeleton.append(in.nioBuffer(in.readerIndex(), size));
    Progress progress = read();
    if (progress == Progress.MALFORMED || progress == Progress.WHOLE) {
      // Of a whole one the last byte stays; it is written from here.
      in.skipBytes(progress == Progress.WHOLE ? size : 0);
      left -= progress == Progress.WHOLE ? size : 0;
      return progress;
    }
    if (skeleton.found() < 0) {
      in.skipBytes(size);
      left -= size;
      return left == 0 ? Progress.MALFORMED : Progress.MORE;
    }
    return topic(in, before);
  }

  /** Records come next: may they go on? */
  private Progress topic(ByteBuf in, int before) {
    Uuid id = skeleton.lastId();
    boolean byId = version >= ProduceJudge.FIRST_WITH_IDS;
    if (byId && id == null) {
      return Progress.MALFORMED;
    }
    // Once a part has gone on nobody can be asked: the question would go into the middle of it.
    if (id != null && byId && !refused && !passed && !onward.knows(id)) {
      skeleton.shorten(before);
      return Progress.UNKNOWN_ID;
    }
    int length = skeleton.found();
    int own = skeleton.at() - before;
    skeleton.cut(length);
    in.skipBytes(own);
    left -= own;
    records = length;
    if (length > left) {
      return Progress.MALFORMED;
    }
    refused =
        refused
            || !onward.mayWrite(
                byId ? null : skeleton.lastText(), byId ? id : null, data.transactionalId());
    if (!refused && length > 0) {
      send(skeleton.at());
    }
    return Progress.MORE;
  }

  private void send(int to) {
    if (to > sent) {
      if (sent == 0) {
        onward.pass(ByteBuffer.allocate(Message.LENGTH).putInt(total).flip());
      }
      passed = true;
      onward.pass(skeleton.between(sent, to));
      sent = to;
    }
  }

  /** Reads all that has come. */
  private Progress read() {
    skeleton.rewind();
    header = new RequestHeaderData();
    data = new ProduceRequestData();
    try {
      header.read(skeleton, ApiKeys.PRODUCE.requestHeaderVersion(version));
      data.read(skeleton, version);
      return skeleton.isWhole() ? Progress.WHOLE : Progress.MALFORMED;
    } catch (Skeleton.More _) {
      return Progress.MORE;
    } catch (RuntimeException _) {
      return Progress.MALFORMED;
    }
  }

  /** Once it is whole: without its records. */
  Request request() {
    return new Request(ApiKeys.PRODUCE, version, header, data, false, holds());
  }

  /** It is allowed: what is left goes on. */
  void finish(ByteBuf in) {
    send(skeleton.size());
    if (left > 0) {
      onward.pass(in, left);
      left = 0;
    }
  }

  /** It is refused: what is left goes nowhere. */
  void drop(ByteBuf in) {
    in.skipBytes(left);
    left = 0;
  }

  /** Whether the broker has seen some of it. */
  boolean hasPassed() {
    return passed;
  }

  /** Whether a part of it was refused before all had come. */
  boolean isRefused() {
    return refused;
  }

  int total() {
    return total;
  }

  long holds() {
    return skeleton.holds();
  }
}
