package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.http2.AnswerFields;
import dev.drawbridge.l7.http2.Breach;
import dev.drawbridge.l7.http2.ErrorCode;
import dev.drawbridge.l7.http2.FieldList;
import dev.drawbridge.l7.http2.Settings;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The engine's HTTP/2 connection to the callee for one client connection. Streams are opened in the
 * order and with the numbers of the client's; those that were denied are left out.
 */
final class Http2Callee extends Http2Leg implements Dial.Leg {
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  /** What a server should take at least, RFC 9113 section 6.5.2; until it has said how many. */
  private static final int ASSUMED_STREAMS = 100;

  private final Http2Client client;
  private final AnswerFields answer = new AnswerFields();

  /** Allowed and not yet opened, in the order of their numbers. */
  private final ArrayDeque<Http2Stream> unopened = new ArrayDeque<>();

  private @Nullable EpollSocketChannel channel;
  private @Nullable Pace pace;
  private boolean dialled;
  private boolean connected;
  private boolean gone;
  private long mostStreams = ASSUMED_STREAMS;
  private int openStreams;
  private int lastOpened;

  /** The callee takes no stream beyond this. */
  private int lastTaken = Integer.MAX_VALUE;

  private long introducedNanos;

  Http2Callee(Http2Client client, Opened opened) {
    super(opened, false);
    this.client = client;
  }

  // Beginning.

  /** Takes a request that is allowed. */
  void offer(Http2Stream stream) {
    unopened.add(stream);
  }

  /** Opens what may be opened, and the connection if there is none. */
  void openStreams() {
    if (!dialled && !gone && !unopened.isEmpty()) {
      dialled = true;
      new Dial(this, opened).begin();
    }
    while (connected && !gone && out.writable()) {
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
    out.section(stream.id, end, fields);
    lane.begun = true;
    if (end) {
      lane.finished = true;
      stream.laneFinished(lane);
    } else {
      lane.pump();
    }
  }

  @Override
  public boolean attach(EpollSocketChannel made) {
    if (gone) {
      return false;
    }
    channel = made;
    Pace measured = opened.onward(made);
    measured.serves(this::goOn);
    made.pipeline().addFirst("pace", measured);
    pace = measured;
    return true;
  }

  @Override
  public void connected(EpollSocketChannel to) {
    if (gone) {
      return;
    }
    connected = true;
    introducedNanos = System.nanoTime();
    out.attach(to);
    out.room(PREFACE.length).writeBytes(PREFACE);
    introduce(Settings.ENABLE_PUSH, 0);
    client.flush();
  }

  @Override
  public void fail(Dial.Failure failure) {
    if (!gone) {
      close(false);
      client.failures.failed(this, failure.how(), failure.sentence());
    }
  }

  /** A stream is over. */
  void closed(Http2Stream stream, boolean byReset) {
    if (!stream.opened) {
      unopened.remove(stream);
      return;
    }
    openStreams--;
    if (byReset) {
      closed.reset(stream.id);
    } else {
      closed.ended(stream.id);
    }
  }

  /** Resets a stream, if the callee knows of it. */
  void reset(Http2Stream stream, int code) {
    if (stream.opened && open()) {
      out.reset(stream.id, code);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    super.channelRead(context, message);
    opened.measure(client);
  }

  /** Its turn to be read has come again. */
  private void goOn() {
    readLater();
    client.flush();
    opened.measure(client);
  }

  // What a leg has to say.

  @Override
  boolean open() {
    return connected && !gone;
  }

  @Override
  boolean reading() {
    Pace of = pace;
    return open() && client.out.writable() && of != null && !of.waits();
  }

  @Override
  boolean lap() {
    Pace of = pace;
    return of != null && of.lap();
  }

  @Override
  @Nullable Http2Lane towards(int id) throws Breach {
    Http2Stream stream = stream(id);
    return stream == null ? null : stream.request;
  }

  private @Nullable Http2Stream stream(int id) throws Breach {
    Http2Stream stream = client.stream(id);
    if (stream != null && stream.callee == this && stream.opened) {
      return stream;
    }
    if ((id & 1) == 0 || id > lastOpened) {
      throw protocol("the callee speaks of a stream that was never opened");
    }
    return null;
  }

  @Override
  Iterable<Http2Lane> allTowards() {
    List<Http2Lane> lanes = new ArrayList<>();
    for (Http2Stream stream : client.streams()) {
      if (stream.callee == this && stream.request != null) {
        lanes.add(stream.request);
      }
    }
    return lanes;
  }

  @Override
  void peerStreams(long count) {
    mostStreams = count;
  }

  @Override
  void readAll() {
    client.flush();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (out.writable()) {
      pumpAll();
      client.flush();
    }
  }

  /** Whether the client's leg can take more. */
  void read(boolean wanted) {
    Pace of = pace;
    if (connected && of != null) {
      of.read(wanted);
    }
    if (wanted) {
      readLater();
    }
  }

  // Frames.

  @Override
  public void headers(int id, boolean end, FieldList fields) throws Breach {
    Http2Stream stream = stream(id);
    Http2Lane lane = stream == null ? null : stream.response;
    if (stream == null || lane == null || lane.from != this) {
      return;
    }
    if (lane.ended) {
      throw Breach.ofStream(id, ErrorCode.STREAM_CLOSED, "the answer has ended");
    }
    client.heard(stream);
    if (stream.answerBegun) {
      String wrong =
          end ? AnswerFields.trailerFault(fields, false) : "a section is neither first nor last";
      if (wrong != null) {
        throw malformed(id, wrong);
      }
      stream.answerHeadBytes += fields.bytes();
      stream.trailed(fields);
      lane.end(fields);
      return;
    }
    String wrong = answer.read(fields);
    if (wrong != null) {
      throw malformed(id, wrong);
    }
    stream.answerHeadBytes += fields.bytes();
    if (answer.interim()) {
      if (end || ++stream.interimAnswers > relay.limits.interimAnswers()) {
        throw malformed(id, "the answer does not begin");
      }
      client.out.section(id, false, fields);
      return;
    }
    long length = answer.bodyLength(stream.head);
    if (end && length > 0) {
      throw malformed(id, "content-length promises a body, and there is none");
    }
    stream.answerBegun = true;
    stream.status = answer.status();
    lane.expected = length;
    lane.begun = true;
    lane.ended = end;
    client.out.section(id, end, fields);
    if (end) {
      stream.trailed(fields);
      lane.finished = true;
      stream.laneFinished(lane);
    }
  }

  private static Breach malformed(int id, String message) {
    return Breach.ofStream(id, ErrorCode.PROTOCOL_ERROR, message);
  }

  @Override
  public void data(int id, boolean end, ByteBuf in, int frame, int data, int length, int counted)
      throws Breach {
    counted(end, length, counted);
    Http2Stream stream = stream(id);
    Http2Lane lane = stream == null ? null : stream.response;
    if (stream == null || lane == null || lane.from != this) {
      refill(counted);
      return;
    }
    client.heard(stream);
    if (lane.ended || !stream.answerBegun) {
      refill(counted);
      throw Breach.ofStream(
          id,
          lane.ended ? ErrorCode.STREAM_CLOSED : ErrorCode.PROTOCOL_ERROR,
          "a body before its head, or after its end");
    }
    try {
      lane.take(end, in, frame, data, length, counted);
    } catch (Breach breach) {
      refill(counted);
      throw breach;
    }
  }

  @Override
  public void reset(int id, int code) throws Breach {
    Http2Stream stream = stream(id);
    if (stream != null) {
      client.failures.reset(stream, code);
    }
  }

  @Override
  public void goAway(int last, int code) {
    lastTaken = Math.min(lastTaken, last);
    client.failures.goesAway(this, lastTaken, code);
  }

  int lastTaken() {
    return lastTaken;
  }

  @Override
  void broken(Breach breach) {
    if (breach.stream() != 0) {
      Http2Stream stream = client.stream(breach.stream());
      if (stream != null && stream.callee == this) {
        client.failures.broke(stream, breach);
      } else if (open()) {
        out.reset(breach.stream(), breach.code());
      }
      return;
    }
    if (open()) {
      out.goAway(0, breach.code());
      close(false);
      client.failures.gone(this);
    }
  }

  // End.

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      ended();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    ended();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    ended();
  }

  private void ended() {
    if (connected && !gone) {
      close(false);
      client.failures.gone(this);
    }
  }

  /** Looks at the deadlines. */
  void tick(long nowNanos) {
    if (open()
        && waitsForSettings()
        && nowNanos - introducedNanos > relay.limits.headTimeout().toNanos()) {
      broken(Breach.ofConnection(ErrorCode.SETTINGS_TIMEOUT, "the settings are not acknowledged"));
      client.flush();
    }
  }

  /** Lets go of the connection: gently, or with a reset. */
  void close(boolean reset) {
    if (gone) {
      return;
    }
    gone = true;
    unopened.clear();
    waiting.clear();
    discardInput();
    EpollSocketChannel to = channel;
    if (to == null) {
      out.discard();
    } else if (reset || !connected) {
      out.discard();
      if (to.isOpen() && connected) {
        to.config().setSoLinger(0);
      }
      ChannelFuture _ = to.close();
    } else {
      out.close();
    }
  }

  /** Says that nothing more will come, and lets go. */
  void leave() {
    if (open()) {
      out.goAway(0, ErrorCode.NO_ERROR);
    }
    close(false);
  }
}
