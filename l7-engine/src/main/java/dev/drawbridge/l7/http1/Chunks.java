package dev.drawbridge.l7.http1;

import dev.drawbridge.policy.http.Headers;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Reads a chunked body. RFC 9112 section 7.1, with CRLF only; extensions are checked and dropped.
 * For one body: {@link #start} begins another.
 */
public final class Chunks {
  /** Fits a long whatever the digits are. */
  private static final int MAX_SIZE_DIGITS = 15;

  private enum State {
    SIZE_START,
    SIZE,
    SIZE_SPACE,
    EXTENSION_SPACE,
    EXTENSION_NAME_START,
    EXTENSION_NAME,
    EXTENSION_NAME_SPACE,
    EXTENSION_VALUE_START,
    EXTENSION_VALUE,
    EXTENSION_QUOTED,
    EXTENSION_QUOTED_PAIR,
    EXTENSION_QUOTED_END,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILERS,
    END
  }

  /** What the input holds next. */
  public enum Progress {
    /** Nothing: more bytes are needed, all that were given are taken. */
    MORE,
    /**
     * Data: {@link #available} bytes of it, to be taken by the caller and told to {@link #took}.
     */
    DATA,
    /** The body has ended; what follows is still in the input. */
    END,
    /** Something else than a chunked body. */
    FAULT
  }

  private final HeadLimits limits;
  private State state = State.SIZE_START;
  private long remaining;
  private int digits;
  private int lineBytes;
  private @Nullable TrailerFields trailers;
  private @Nullable Fault fault;

  public Chunks(HeadLimits limits) {
    this.limits = limits;
  }

  /** Begins another body. */
  public void start() {
    state = State.SIZE_START;
    remaining = 0;
    digits = 0;
    lineBytes = 0;
    trailers = null;
    fault = null;
  }

  /** Reads up to the next data. */
  public Progress next(ByteBuf in) {
    while (in.isReadable()) {
      if (state == State.DATA) {
        return Progress.DATA;
      }
      if (state == State.TRAILERS) {
        return trailers(in);
      }
      if (state == State.END) {
        return Progress.END;
      }
      Fault found = octet(in.readByte());
      if (found != null) {
        fault = found;
        return Progress.FAULT;
      }
    }
    return Progress.MORE;
  }

  /** How many readable bytes of the input are data; only after {@link Progress#DATA}. */
  public int available(ByteBuf in) {
    return (int) Math.min(remaining, in.readableBytes());
  }

  /** The caller has taken that much data out of the input. */
  public void took(int bytes) {
    remaining -= bytes;
    if (remaining == 0) {
      state = State.DATA_CR;
    }
  }

  public Fault fault() {
    Fault found = fault;
    if (found == null) {
      throw new IllegalStateException("the body has no fault");
    }
    return found;
  }

  /** The fields of the trailers, none of them if there were none; only at the end. */
  public Headers trailerFields() {
    return trailers == null ? Headers.NONE : trailers;
  }

  /** Whether there are trailers; only after {@link Progress#END}. */
  public boolean hasTrailers() {
    return trailers != null;
  }

  /** The trailers if there were any; only after {@link Progress#END}. */
  @Nullable TrailerFields trailers() {
    return trailers;
  }

  private Progress trailers(ByteBuf in) {
    TrailerFields fields = trailers;
    if (fields == null) {
      // The usual end, without a field, needs no table.
      if (in.getByte(in.readerIndex()) == '\r') {
        if (in.readableBytes() == 1) {
          fields = new TrailerFields(limits);
        } else if (in.getByte(in.readerIndex() + 1) == '\n') {
          in.skipBytes(2);
          state = State.END;
          return Progress.END;
        }
      }
      fields = fields == null ? new TrailerFields(limits) : fields;
      trailers = fields;
    }
    return switch (fields.take(in)) {
      case MORE -> Progress.MORE;
      case DONE -> {
        state = State.END;
        yield Progress.END;
      }
      case FAULT -> {
        fault = fields.fault();
        yield Progress.FAULT;
      }
    };
  }

  private @Nullable Fault octet(int octet) {
    if (++lineBytes > limits.chunkLine()) {
      return Fault.CHUNK_LINE_LENGTH;
    }
    return switch (state) {
      case SIZE_START, SIZE -> size(octet);
      case SIZE_SPACE -> beforeExtension(octet, Fault.CHUNK_SIZE);
      case EXTENSION_SPACE -> beforeExtension(octet, Fault.CHUNK_EXTENSION);
      case SIZE_LF -> {
        if (octet != '\n') {
          yield Fault.BARE_CR;
        }
        lineBytes = 0;
        digits = 0;
        state = remaining == 0 ? State.TRAILERS : State.DATA;
        yield null;
      }
      case DATA_CR -> {
        state = State.DATA_LF;
        yield octet == '\r' ? null : Fault.CHUNK_END;
      }
      case DATA_LF -> {
        state = State.SIZE_START;
        lineBytes = 0;
        yield octet == '\n' ? null : Fault.CHUNK_END;
      }
      case EXTENSION_NAME_START -> {
        if (blank(octet)) {
          yield null;
        }
        state = State.EXTENSION_NAME;
        yield Octets.token(octet) ? null : octet == '\n' ? Fault.BARE_LF : Fault.CHUNK_EXTENSION;
      }
      case EXTENSION_NAME -> {
        if (octet == '=') {
          state = State.EXTENSION_VALUE_START;
          yield null;
        }
        if (blank(octet)) {
          state = State.EXTENSION_NAME_SPACE;
          yield null;
        }
        yield Octets.token(octet) ? null : endOfPart(octet, Fault.CHUNK_EXTENSION);
      }
      case EXTENSION_NAME_SPACE -> {
        if (octet == '=' || octet == ';') {
          state = octet == '=' ? State.EXTENSION_VALUE_START : State.EXTENSION_NAME_START;
        }
        yield octet == '=' || octet == ';' || blank(octet) ? null : Fault.CHUNK_EXTENSION;
      }
      case EXTENSION_VALUE_START -> {
        if (blank(octet)) {
          yield null;
        }
        state = octet == '"' ? State.EXTENSION_QUOTED : State.EXTENSION_VALUE;
        yield Octets.token(octet) || octet == '"' ? null : Fault.CHUNK_EXTENSION;
      }
      case EXTENSION_VALUE -> Octets.token(octet) ? null : endOfValue(octet);
      case EXTENSION_QUOTED -> {
        if (octet == '"') {
          state = State.EXTENSION_QUOTED_END;
        } else if (octet == '\\') {
          state = State.EXTENSION_QUOTED_PAIR;
        }
        yield quoted(octet);
      }
      case EXTENSION_QUOTED_PAIR -> {
        state = State.EXTENSION_QUOTED;
        yield quoted(octet);
      }
      case EXTENSION_QUOTED_END -> endOfValue(octet);
      case DATA, TRAILERS, END -> throw new IllegalStateException(state.name());
    };
  }

  private @Nullable Fault size(int octet) {
    if (Octets.hex(octet)) {
      state = State.SIZE;
      remaining = (remaining << 4) | Octets.hexValue(octet);
      // Zeros in front say nothing; the line's length bounds them.
      digits += remaining == 0 ? 0 : 1;
      return digits > MAX_SIZE_DIGITS ? Fault.CHUNK_SIZE : null;
    }
    if (state == State.SIZE_START) {
      return Fault.CHUNK_SIZE;
    }
    if (blank(octet)) {
      state = State.SIZE_SPACE;
      return null;
    }
    return endOfPart(octet, Fault.CHUNK_SIZE);
  }

  /** RFC 9112 section 7.1.1 has white space before an extension, and only there. */
  private @Nullable Fault beforeExtension(int octet, Fault otherwise) {
    if (octet == ';') {
      state = State.EXTENSION_NAME_START;
    }
    return octet == ';' || blank(octet) ? null : otherwise;
  }

  private @Nullable Fault endOfValue(int octet) {
    if (blank(octet)) {
      state = State.EXTENSION_SPACE;
      return null;
    }
    return endOfPart(octet, Fault.CHUNK_EXTENSION);
  }

  private static boolean blank(int octet) {
    return octet == ' ' || octet == '\t';
  }

  private @Nullable Fault endOfPart(int octet, Fault otherwise) {
    if (octet == '\r') {
      state = State.SIZE_LF;
      return null;
    }
    if (octet == ';') {
      state = State.EXTENSION_NAME_START;
      return null;
    }
    return octet == '\n' ? Fault.BARE_LF : otherwise;
  }

  private static @Nullable Fault quoted(int octet) {
    return Octets.control(octet) && octet != '\t' ? Fault.CHUNK_EXTENSION : null;
  }
}
