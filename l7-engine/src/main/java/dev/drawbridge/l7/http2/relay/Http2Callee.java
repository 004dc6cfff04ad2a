package dev.drawbridge.l7.http2.relay;

import dev.drawbridge.l7.http2.Breach;
import dev.drawbridge.l7.http2.ErrorCode;
import dev.drawbridge.l7.http2.FieldList;
import dev.drawbridge.l7.http2.Settings;
import dev.drawbridge.l7.relay.CalleeEnd;
import dev.drawbridge.policy.Ending;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;

/**
 * The engine's HTTP/2 connection to the callee for one client connection. Streams are opened in the
 * order and with the numbers of the client's; those that were denied are left out. What the callee
 * says is {@link Http2Replies}' affair.
 */
final class Http2Callee extends CalleeEnd {
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  /** What a server should take at least, RFC 9113 section 6.5.2; until it has said how many. */
  private static final int ASSUMED_STREAMS = 100;

  private final Http2Client client;
  final Http2Replies replies;

  /** Allowed and not yet opened, in the order of their numbers. */
  private final ArrayDeque<Http2Stream> unopened = new ArrayDeque<>();

  private boolean dialled;
  private long mostStreams = ASSUMED_STREAMS;
  private int openStreams;
  private int lastOpened;

  /** The callee takes no stream beyond this. */
  private int lastTaken = Integer.MAX_VALUE;

  private long introducedNanos;

  private Http2Callee(Http2Client client, Http2Replies replies) {
    super(client.opened(), replies.out);
    this.client = client;
    this.replies = replies;
  }

  static Http2Callee of(Http2Client client) {
    Http2Replies replies = new Http2Replies(client);
    Http2Callee made = new Http2Callee(client, replies);
    replies.of(made);
    return made;
  }

  // Streams.

  /** Takes a request that is allowed. */
  void offer(Http2Stream stream) {
    unopened.add(stream);
  }

  /** Opens what may be opened, and the connection if there is none. */
  void openStreams() {
    if (!dialled && !isClosed() && !unopened.isEmpty()) {
      dialled = true;
      open();
    }
    while (takes()) {
      Http2Stream next = unopened.peek();
      if (next == null) {
        return;
      }
      if (next.own) {
        // Answered already, perhaps because it is not allowed any more: it never goes further.
        unopened.remove();
        continue;
      }
      if (openStreams >= mostStreams || (next.held && unopened.size() == 1)) {
        return;
      }
      unopened.remove();
      open(next);
    }
  }

  private void open(Http2Stream stream) {
    Http2Lane lane = stream.request;
    FieldList fields = stream.fields;
    if (lane == null || fields == null) {
      throw new IllegalStateException("a stream without a request");
    }
    boolean end = lane.nothing();
    stream.held = false;
    stream.opened = true;
    openStreams++;
    lastOpened = stream.id;
    replies.out.section(stream.id, end, fields);
    lane.begun = true;
    if (end) {
      lane.finished = true;
      stream.laneFinished(lane);
    } else {
      lane.pump();
    }
  }

  /** A stream is over. */
  void streamClosed(Http2Stream stream, boolean byReset) {
    if (!stream.opened) {
      unopened.remove(stream);
      return;
    }
    openStreams--;
    if (byReset) {
      replies.closed.reset(stream.id);
    } else {
      replies.closed.ended(stream.id);
    }
  }

  /** Resets a stream, if the callee knows of it. */
  void reset(Http2Stream stream, int code) {
    if (stream.opened && isOpen()) {
      replies.out.reset(stream.id, code);
    }
  }

  /** The callee takes so many streams at a time. */
  void peerStreams(long count) {
    mostStreams = count;
  }

  /** The highest number that the callee knows of. */
  int lastOpened() {
    return lastOpened;
  }

  /** The callee takes no stream beyond that one. */
  void goesAway(int last, int code) {
    lastTaken = Math.min(lastTaken, last);
    client.failures.goesAway(this, lastTaken, code);
  }

  int lastTaken() {
    return lastTaken;
  }

  // Beginning.

  @Override
  protected void begun() {
    introducedNanos = System.nanoTime();
    replies.out.room(PREFACE.length).writeBytes(PREFACE);
    replies.introduce(Settings.ENABLE_PUSH, 0);
    client.flush();
  }

  @Override
  protected void failed(Ending how, String sentence) {
    close(false);
    client.failures.failed(this, how, sentence);
  }

  // Both directions.

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    replies.take((ByteBuf) message);
    opened.measure(client);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    client.flush();
  }

  @Override
  protected void goOn() {
    replies.readLater();
    client.flush();
    opened.measure(client);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (replies.out.writable()) {
      replies.pumpAll();
      client.flush();
    }
  }

  /** Whether the client's end can take more: goes on with what was left. */
  void readOn(boolean wanted) {
    read(wanted);
    if (wanted) {
      replies.readLater();
    }
  }

  /** Sends what waits for the callee. */
  void pump() {
    if (!replies.waiting.isEmpty()) {
      replies.pumpAll();
    }
    flush();
  }

  // End.

  @Override
  protected void ended(boolean broken) {
    gone();
  }

  /** The callee breaks the protocol: it is told so, and let go of. */
  void breaks(Breach breach) {
    if (isOpen()) {
      replies.out.goAway(0, breach.code());
      gone();
    }
  }

  private void gone() {
    close(false);
    client.failures.gone(this);
  }

  /** Looks at the deadlines. */
  void tick(long nowNanos) {
    if (isOpen()
        && replies.waitsForSettings()
        && nowNanos - introducedNanos > opened.limits().headTimeout().toNanos()) {
      breaks(Breach.ofConnection(ErrorCode.SETTINGS_TIMEOUT, "the settings are not acknowledged"));
      client.flush();
    }
  }

  @Override
  protected void closes() {
    unopened.clear();
    replies.waiting.clear();
    replies.discardInput();
  }

  /** Says that nothing more will come, and lets go. */
  void leave() {
    if (isOpen()) {
      replies.out.goAway(0, ErrorCode.NO_ERROR);
    }
    close(false);
  }

  @Override
  protected long holds() {
    return replies.holds();
  }
}
