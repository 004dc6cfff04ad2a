package dev.drawbridge.l7.http1.relay;

import dev.drawbridge.l7.http1.Chunks;
import dev.drawbridge.l7.http1.Fault;
import dev.drawbridge.l7.http1.Framing;
import dev.drawbridge.l7.http1.RequestHead;
import dev.drawbridge.l7.relay.Loop;
import dev.drawbridge.l7.relay.Outbox;
import dev.drawbridge.policy.http.Headers;
import io.netty.buffer.ByteBuf;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The body of the current request, on its way to the callee or to nowhere. */
final class RequestBody {
  /** What came of some input. */
  enum Step {
    MORE,
    END,
    /** Not the body that the head promised: {@link #fault}. */
    FAULT,
    /** The trailers make another request of it, which is not allowed. */
    DENIED,
    /** More than is bearable for nothing. */
    TOO_MUCH
  }

  private final Loop loop;
  private @Nullable Chunks chunks;
  private boolean chunked;

  /** Of a body framed by length: what is to come. Of a chunked one: what is bearable. */
  private long left;

  RequestBody(Loop loop) {
    this.loop = loop;
  }

  /** Whether the body of a refused request can be read out of the way, of at most so many bytes. */
  static boolean drains(RequestHead request, long most) {
    // A client that waits for 100 may or may not send the body after a refusal.
    return switch (request.framing()) {
      case NONE -> true;
      case LENGTH -> request.contentLength() <= most && !request.expectsContinue();
      case CHUNKED -> !request.expectsContinue();
      case UNTIL_CLOSE -> false;
    };
  }

  /** Begins the body of a request; false if it has none. */
  boolean begin(RequestHead request, long bearable) {
    chunked = request.framing() == Framing.CHUNKED;
    left = chunked ? bearable : request.contentLength();
    if (chunked) {
      Chunks reader = chunks;
      if (reader == null) {
        reader = new Chunks(loop.relay.headLimits);
        chunks = reader;
      }
      reader.start();
    }
    return chunked || left > 0;
  }

  /**
   * Moves some of it on.
   *
   * @param bearableTrailers asked once, before the end is sent on
   */
  Step forward(ByteBuf in, Outbox to, Predicate<Headers> bearableTrailers) {
    if (!chunked) {
      int size = (int) Math.min(left, in.readableBytes());
      to.data(in, size);
      left -= size;
      return left == 0 ? Step.END : Step.MORE;
    }
    Chunks reader = reader();
    return switch (reader.next(in)) {
      case MORE -> Step.MORE;
      case DATA -> {
        int size = reader.available(in);
        ChunkedBody.put(in, size, to);
        reader.took(size);
        yield Step.MORE;
      }
      case END -> {
        if (reader.hasTrailers() && !bearableTrailers.test(reader.trailerFields())) {
          yield Step.DENIED;
        }
        to.add(loop.writer.lastChunk(reader, loop.relay.allocator));
        yield Step.END;
      }
      case FAULT -> Step.FAULT;
    };
  }

  /** Reads some of it away. */
  Step drain(ByteBuf in) {
    if (!chunked) {
      int size = (int) Math.min(left, in.readableBytes());
      in.skipBytes(size);
      left -= size;
      return left == 0 ? Step.END : Step.MORE;
    }
    int before = in.readableBytes();
    Chunks reader = reader();
    Chunks.Progress progress = reader.next(in);
    if (progress == Chunks.Progress.DATA) {
      int size = reader.available(in);
      in.skipBytes(size);
      reader.took(size);
    }
    left -= before - in.readableBytes();
    return switch (progress) {
      case MORE, DATA -> left < 0 ? Step.TOO_MUCH : Step.MORE;
      case END -> Step.END;
      case FAULT -> Step.FAULT;
    };
  }

  Fault fault() {
    return reader().fault();
  }

  private Chunks reader() {
    Chunks reader = chunks;
    if (reader == null) {
      throw new IllegalStateException("no chunked body has begun");
    }
    return reader;
  }
}
