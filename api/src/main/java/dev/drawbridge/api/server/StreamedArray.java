package dev.drawbridge.api.server;

import dev.drawbridge.api.report.Json;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;

/**
 * A JSON array on its way to one client, as fast as the client takes it: an element exists as text
 * only while there is room for it in the connection's queue. For the connection's event loop.
 */
final class StreamedArray {
  private static final int LOT = 16;

  /** Characters that are written at once. */
  private static final int PIECE = 16 * 1024;

  private final Channel channel;
  private final Rows rows;
  private final Consumer<ChannelFuture> done;
  private final StringBuilder text;
  private boolean ended;

  /** Where elements come from: at most that many of the next; none at the end. */
  @FunctionalInterface
  interface Rows {
    List<?> next(int most);

    static Rows of(List<?> all) {
      return new Rows() {
        private int at;

        @Override
        public List<?> next(int most) {
          int from = at;
          at = Math.min(all.size(), from + most);
          return all.subList(from, at);
        }
      };
    }
  }

  /**
   * An array that goes on where a text ends.
   *
   * @param begun of {@link #begin}, not whole
   */
  StreamedArray(Channel channel, Begun begun, Consumer<ChannelFuture> done) {
    this.channel = channel;
    this.rows = begun.rest;
    this.text = begun.text;
    this.done = done;
  }

  /** The beginning of an array, or a short one whole. */
  static final class Begun {
    private final StringBuilder text = new StringBuilder("[");
    private final Rows rest;
    private boolean whole;

    private Begun(Rows rest) {
      this.rest = rest;
    }

    /** Whether there is no more than this. */
    boolean whole() {
      return whole;
    }

    String text() {
      return text.toString();
    }
  }

  /** Takes as much as a piece may have. */
  static Begun begin(Rows rows) {
    Begun begun = new Begun(rows);
    while (!begun.whole && begun.text.length() < PIECE) {
      begun.whole = !lot(rows, begun.text);
    }
    if (begun.whole) {
      begun.text.append("]\n");
    }
    return begun;
  }

  private static boolean lot(Rows rows, StringBuilder to) {
    List<?> lot = rows.next(LOT);
    for (Object row : lot) {
      to.append(to.length() == 1 && to.charAt(0) == '[' ? "" : ",").append(Json.write(row));
    }
    return !lot.isEmpty();
  }

  /** Writes what the client can take now. */
  void pump() {
    while (!ended && channel.isWritable()) {
      if (text.length() >= PIECE) {
        write();
      } else if (!lot(rows, text)) {
        ended = true;
        text.append("]\n");
        write();
        ChannelFuture last = channel.write(LastHttpContent.EMPTY_LAST_CONTENT);
        last.addListener(_ -> done.accept(last));
      }
    }
    if (!text.isEmpty()) {
      write();
    }
    channel.flush();
  }

  private void write() {
    var _ =
        channel.write(
            new DefaultHttpContent(
                ByteBufUtil.encodeString(
                    channel.alloc(), CharBuffer.wrap(text), StandardCharsets.UTF_8)));
    text.setLength(0);
    text.trimToSize();
  }
}
