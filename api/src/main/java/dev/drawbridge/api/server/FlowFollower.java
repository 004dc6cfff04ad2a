package dev.drawbridge.api.server;

import dev.drawbridge.api.ApiLimits;
import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.FlowReader;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Json;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpContent;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection that follows flows. Records are offered from any thread and never wait: at {@link
 * ApiLimits#FOLLOWER_QUEUE} records the next ones are counted instead, and the count takes its
 * place in the stream as {@code {"lost":n}}. Written on the connection's event loop, as fast as the
 * client takes it.
 */
final class FlowFollower implements Consumer<FlowReport> {

  private static final int OLD_LOT = 16;

  private sealed interface Line {
    record Flow(FlowReport flow) implements Line {}

    record Lost(long count) implements Line {}
  }

  private final Channel channel;
  private final FlowFilter filter;
  private final Object lock = new Object();
  private final Queue<Line> queue = new ArrayDeque<>();
  private long lostSinceQueued;
  private boolean drainScheduled;
  private boolean open;
  private FlowReader old = FlowReader.of(List.of());
  private boolean oldSent;
  private long lastSequence;
  private long lastProgressNanos = System.nanoTime();

  FlowFollower(Channel channel, FlowFilter filter) {
    this.channel = channel;
    this.filter = filter;
  }

  @Override
  public void accept(FlowReport flow) {
    if (!filter.passes(flow)) {
      return;
    }
    synchronized (lock) {
      int room = ApiLimits.FOLLOWER_QUEUE - queue.size();
      if (room < (lostSinceQueued > 0 ? 2 : 1)) {
        lostSinceQueued++;
        return;
      }
      if (lostSinceQueued > 0) {
        queue.add(new Line.Lost(lostSinceQueued));
        lostSinceQueued = 0;
      }
      queue.add(new Line.Flow(flow));
      if (!open || drainScheduled) {
        return;
      }
      drainScheduled = true;
    }
    channel.eventLoop().execute(this::drain);
  }

  /**
   * Called on the event loop once the response head is written, with the old records; what was
   * offered meanwhile follows them.
   */
  void open(FlowReader records) {
    old = records;
    synchronized (lock) {
      open = true;
    }
    drain();
    watch();
  }

  /** On the event loop: when records were offered, and when the channel can take more. */
  void drain() {
    synchronized (lock) {
      drainScheduled = false;
      if (!open) {
        return;
      }
    }
    boolean wrote = false;
    while (channel.isWritable()) {
      if (!oldSent) {
        wrote |= writeOld();
        continue;
      }
      Line line = next();
      if (line == null) {
        break;
      }
      wrote |= write(line);
    }
    if (wrote) {
      lastProgressNanos = System.nanoTime();
      channel.flush();
    }
  }

  private boolean writeOld() {
    List<FlowReport> lot = old.next(OLD_LOT);
    oldSent = lot.isEmpty();
    for (FlowReport flow : lot) {
      lastSequence = Math.max(lastSequence, flow.sequence());
      write(Json.write(flow));
    }
    return !lot.isEmpty();
  }

  private boolean write(Line line) {
    switch (line) {
      case Line.Flow(FlowReport flow) -> {
        // Already sent as one of the old records.
        if (flow.sequence() <= lastSequence) {
          return false;
        }
        write(Json.write(flow));
      }
      case Line.Lost(long count) -> write("{\"lost\":" + count + "}");
    }
    return true;
  }

  private @Nullable Line next() {
    synchronized (lock) {
      Line line = queue.poll();
      if (line == null && lostSinceQueued > 0) {
        line = new Line.Lost(lostSinceQueued);
        lostSinceQueued = 0;
      }
      return line;
    }
  }

  private void write(String json) {
    var _ =
        channel.write(
            new DefaultHttpContent(
                ByteBufUtil.encodeString(
                    channel.alloc(), CharBuffer.wrap(json + "\n"), StandardCharsets.UTF_8)));
  }

  /**
   * Closes a connection whose client has taken nothing for too long while there was something to
   * take.
   */
  private void watch() {
    if (!channel.isActive()) {
      return;
    }
    if (channel.isWritable()) {
      lastProgressNanos = System.nanoTime();
    }
    if (System.nanoTime() - lastProgressNanos > ApiLimits.FOLLOWER_STALLED.toNanos()) {
      var _ = channel.close();
      return;
    }
    var _ =
        channel
            .eventLoop()
            .schedule(this::watch, ApiLimits.FOLLOWER_STALLED.toSeconds() / 4, TimeUnit.SECONDS);
  }
}
