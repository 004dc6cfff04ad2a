package dev.drawbridge.l7.http1;

import dev.drawbridge.policy.http.Headers;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A start line and header fields, taken in as they arrive and checked line by line, so that what is
 * wrong is refused before the rest has come. RFC 9112 sections 2 to 5 with every "MAY accept" left
 * out. Reusable: {@link #clear} forgets everything but the arrays. For one event loop.
 */
public abstract sealed class Head implements Headers
    permits RequestHead, AnswerHead, TrailerFields {
  /** Copied at a time; what follows the head within it is left in the input. */
  private static final int STEP = 4096;

  private static final int KEPT = 16 * 1024;

  byte[] bytes = new byte[1024];

  /** Start and end of name, start and end of value, for each field. */
  private int[] spans = new int[4 * 32];

  private FieldName[] names = new FieldName[32];
  private int count;
  private int length;
  private int lineStart;
  private int fieldsStart;
  private boolean started;
  private @Nullable Fault fault;

  final HeadLimits limits;

  Head(HeadLimits limits) {
    this.limits = limits;
  }

  /** What a head is waiting for. */
  public enum Progress {
    /** More bytes; all that were given are taken. */
    MORE,
    /** Nothing: the head is whole, and what follows it is still in the input. */
    DONE,
    /** Nothing ever: {@link #fault} says why. */
    FAULT
  }

  /** Forgets the head. */
  public void clear() {
    count = 0;
    length = 0;
    lineStart = 0;
    fieldsStart = 0;
    started = !hasStartLine();
    fault = null;
    if (bytes.length > KEPT) {
      bytes = new byte[1024];
    }
    if (names.length > 128) {
      names = new FieldName[32];
      spans = new int[4 * 32];
    }
  }

  /** Takes what it can of the input. */
  public final Progress take(ByteBuf in) {
    while (in.isReadable()) {
      int step = Math.min(in.readableBytes(), STEP);
      if (length + step > bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + step));
      }
      in.getBytes(in.readerIndex(), bytes, length, step);
      int end = scan(length, length + step);
      if (end < 0) {
        length += step;
        in.skipBytes(step);
        return Progress.FAULT;
      }
      if (end > 0) {
        in.skipBytes(end - length);
        length = end;
        Fault wrong = complete();
        if (wrong != null) {
          fault = wrong;
          return Progress.FAULT;
        }
        return Progress.DONE;
      }
      in.skipBytes(step);
      length += step;
      Fault tooLong = started ? overlong(length) : overlongStartLine(length);
      if (tooLong != null) {
        fault = tooLong;
        return Progress.FAULT;
      }
    }
    return Progress.MORE;
  }

  /** Whether any byte of this head has been taken. */
  public final boolean begun() {
    return length > 0;
  }

  /** What has been taken, as it was; for what is not to be read as HTTP at all. */
  public final ByteBuf copy(ByteBufAllocator allocator) {
    return allocator.directBuffer(Math.max(1, length)).writeBytes(bytes, 0, length);
  }

  /** Bytes of memory that this takes. */
  public final int holds() {
    return bytes.length + 4 * (spans.length + names.length);
  }

  /** Whether the start line was found to be one. */
  final boolean started() {
    return started;
  }

  /** Where the line begins that is being read. */
  final int lineStart() {
    return lineStart;
  }

  /** Bytes taken. */
  public final int size() {
    return length;
  }

  /** Why there is no head; only after {@link Progress#FAULT}. */
  public final Fault fault() {
    Fault found = fault;
    if (found == null) {
      throw new IllegalStateException("the head has no fault");
    }
    return found;
  }

  /** The end of the head, 0 if it goes on, negative if it is wrong. */
  private int scan(int from, int to) {
    byte[] all = bytes;
    if (from > lineStart && all[from - 1] == '\r' && all[from] != '\n') {
      return wrong(Fault.BARE_CR);
    }
    for (int i = from; i < to; i++) {
      int octet = all[i];
      if (!Octets.control(octet) || octet == '\t') {
        continue;
      }
      if (octet == '\r') {
        if (i + 1 < to && all[i + 1] != '\n') {
          return wrong(Fault.BARE_CR);
        }
      } else if (octet == '\n') {
        if (i == lineStart || all[i - 1] != '\r') {
          return wrong(Fault.BARE_LF);
        }
        int end = i - 1;
        if (end == lineStart && started) {
          Fault tooLong = overlong(i + 1);
          return tooLong != null ? wrong(tooLong) : i + 1;
        }
        Fault found = line(lineStart, end);
        if (found != null) {
          return wrong(found);
        }
        lineStart = i + 1;
      } else {
        return wrong(Fault.CONTROL_CHARACTER);
      }
    }
    return 0;
  }

  private int wrong(Fault found) {
    fault = found;
    return -1;
  }

  private @Nullable Fault line(int start, int end) {
    if (!started) {
      if (end == start) {
        return start == 0 && mayBeginEmpty() ? null : Fault.EMPTY_START_LINE;
      }
      Fault found = overlongStartLine(end);
      if (found == null) {
        found = startLine(start, end);
      }
      started = found == null;
      fieldsStart = end + 2;
      return found;
    }
    Fault found = overlong(end + 2);
    return found != null ? found : field(start, end);
  }

  private @Nullable Fault field(int start, int end) {
    byte[] all = bytes;
    int colon = start;
    while (colon < end && Octets.token(all[colon])) {
      colon++;
    }
    if (colon == start && (all[start] == ' ' || all[start] == '\t')) {
      return Fault.OBS_FOLD;
    }
    if (colon == start || colon == end || all[colon] != ':') {
      return Fault.FIELD_NAME;
    }
    int valueStart = colon + 1;
    int valueEnd = end;
    while (valueStart < valueEnd && (all[valueStart] == ' ' || all[valueStart] == '\t')) {
      valueStart++;
    }
    while (valueEnd > valueStart && (all[valueEnd - 1] == ' ' || all[valueEnd - 1] == '\t')) {
      valueEnd--;
    }
    if (count == limits.fieldCount()) {
      return Fault.FIELD_COUNT;
    }
    if (count == names.length) {
      names = Arrays.copyOf(names, count * 2);
      spans = Arrays.copyOf(spans, count * 8);
    }
    int at = count * 4;
    spans[at] = start;
    spans[at + 1] = colon;
    spans[at + 2] = valueStart;
    spans[at + 3] = valueEnd;
    names[count] = FieldName.of(all, start, colon);
    count++;
    return null;
  }

  private @Nullable Fault overlong(int end) {
    return end - fieldsStart > maxFieldBytes() + 2 ? tooLong() : null;
  }

  private @Nullable Fault overlongStartLine(int end) {
    return end - lineStart > maxStartLineBytes() ? Fault.REQUEST_LINE_LENGTH : null;
  }

  boolean hasStartLine() {
    return true;
  }

  /** Whether an empty line may come first: RFC 9112 section 2.2. */
  boolean mayBeginEmpty() {
    return false;
  }

  Fault tooLong() {
    return Fault.HEAD_LENGTH;
  }

  int maxStartLineBytes() {
    return limits.startLine();
  }

  int maxFieldBytes() {
    return limits.fields();
  }

  abstract @Nullable Fault startLine(int start, int end);

  /** Called once all fields are there. */
  abstract @Nullable Fault complete();

  final int count() {
    return count;
  }

  final FieldName name(int field) {
    return names[field];
  }

  final int nameStart(int field) {
    return spans[field * 4];
  }

  final int nameEnd(int field) {
    return spans[field * 4 + 1];
  }

  final int valueStart(int field) {
    return spans[field * 4 + 2];
  }

  final int valueEnd(int field) {
    return spans[field * 4 + 3];
  }

  final String text(int start, int end) {
    return new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
  }

  /** Takes a field out, as if it had not been sent. */
  final void drop(int field) {
    names[field] = FieldName.DROPPED;
  }

  /** Every value of a field that is sent on; a removed one is nobody's business. */
  @Override
  public final List<String> all(String lowerCaseName) {
    byte[] wanted = Octets.ascii(lowerCaseName);
    List<String> found = List.of();
    for (int i = 0; i < count; i++) {
      FieldName name = name(i);
      if (name == FieldName.DROPPED || name == FieldName.OWN || name == FieldName.KEEP_ALIVE) {
        continue;
      }
      if (Octets.same(bytes, nameStart(i), nameEnd(i), wanted)) {
        if (found.isEmpty()) {
          found = new ArrayList<>(2);
        }
        found.add(text(valueStart(i), valueEnd(i)));
      }
    }
    return found;
  }

  /** A copy of all fields that are sent on, by lower-case name. */
  public final Map<String, List<String>> fields() {
    Map<String, List<String>> copy = new HashMap<>();
    for (int i = 0; i < count; i++) {
      String name = text(nameStart(i), nameEnd(i)).toLowerCase(Locale.ROOT);
      copy.put(name, all(name));
    }
    return copy;
  }
}
