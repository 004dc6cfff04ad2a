package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.http1.AnswerHead;
import dev.drawbridge.l7.http1.Chunks;
import dev.drawbridge.l7.http1.Framing;
import dev.drawbridge.l7.http1.HeadWriter.Persistence;
import dev.drawbridge.policy.Ending;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.jspecify.annotations.Nullable;

/**
 * The engine's connection to the callee for one client connection. Reads answers as strictly as
 * requests are read, so that client and callee cannot see two framings.
 */
final class CalleeLeg extends ChannelInboundHandlerAdapter implements Dial.Leg {
  private enum Phase {
    HEAD,
    BODY,
    TUNNEL,
    CLOSED
  }

  /** Channel, pipeline, leg; as measured, rounded up. */
  private static final int FIXED_BYTES = 2048;

  final Http1Output outbox = new Http1Output();
  private final ClientLeg client;
  private final Http1Exchange exchange;
  private final Relay relay;
  private @Nullable EpollSocketChannel channel;
  private @Nullable AnswerHead head;
  private @Nullable Chunks chunks;
  private Phase phase = Phase.HEAD;
  private Framing framing = Framing.NONE;
  private boolean rechunked;
  private long left;
  private @Nullable Pace pace;
  private boolean connected;
  private boolean answeredBefore;
  private boolean outputEnds;
  private boolean outputEnded;
  private boolean inputEnded;

  CalleeLeg(ClientLeg client) {
    this.client = client;
    this.exchange = client.exchange;
    this.relay = client.relay;
  }

  // Beginning.

  void open() {
    new Dial(this, client.opened()).begin();
  }

  @Override
  public boolean attach(EpollSocketChannel made) {
    if (phase == Phase.CLOSED) {
      return false;
    }
    channel = made;
    Pace measured = client.opened().onward(made);
    measured.serves(() -> {
      client.resume();
      client.flush();
    });
    made.pipeline().addFirst("pace", measured);
    pace = measured;
    return true;
  }

  @Override
  public void connected(EpollSocketChannel to) {
    if (phase == Phase.CLOSED) {
      return;
    }
    connected = true;
    outbox.attach(to);
    read(client.outbox.writable());
    client.resume();
    endOutputIfDue();
    client.flush();
  }

  @Override
  public void fail(Dial.Failure failure) {
    if (phase == Phase.CLOSED) {
      return;
    }
    if (phase == Phase.TUNNEL) {
      relay.upstreamFailures.increment();
      client.abort(failure.how());
      return;
    }
    client.requests.failed(failure.how(), failure.sentence());
    client.flush();
  }

  /** Bytes of memory that this leg takes. */
  long holds() {
    AnswerHead reading = head;
    return FIXED_BYTES + outbox.holds() + (reading == null ? 0 : reading.holds());
  }

  boolean ready() {
    return connected;
  }

  // Output.

  /** Sends a request's head, now or once there is a connection. */
  void send(ByteBuf request) {
    outbox.add(request);
  }

  void flush() {
    if (connected) {
      outbox.flush();
    }
  }

  /** The client says no more: so does this leg, after what is still to be sent. */
  void endOutput() {
    outputEnds = true;
    endOutputIfDue();
  }

  private void endOutputIfDue() {
    if (outputEnds && connected && !outputEnded) {
      outputEnded = true;
      outbox.end();
    }
  }

  /** Whether the client's leg can take more. */
  void read(boolean wanted) {
    Pace of = pace;
    if (connected && of != null) {
      of.read(wanted);
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    client.resume();
    client.flush();
  }

  // Input.

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      while (in.isReadable() && phase != Phase.CLOSED) {
        switch (phase) {
          case HEAD -> readHead(in);
          case BODY -> readBody(in);
          case TUNNEL -> {
            exchange.responseBytes += in.readableBytes();
            client.opened.pace().moved(in.readableBytes());
            client.answers(in);
            client.outbox.data(in, in.readableBytes());
          }
          case CLOSED -> {}
        }
      }
    } finally {
      in.release();
    }
    read(client.outbox.writable());
    client.opened().measure(client);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    client.resume();
    client.flush();
    client.opened().remeasure(client);
  }

  private void readHead(ByteBuf in) {
    if (!exchange.sent || !exchange.active || exchange.answerDone) {
      unasked();
      return;
    }
    AnswerHead reading = head;
    if (reading == null) {
      reading = client.loop.borrowAnswerHead();
      head = reading;
    }
    switch (reading.take(in)) {
      case MORE -> {}
      case FAULT ->
          client.requests.failed(
              Ending.UPSTREAM_BROKEN, "the callee's answer is not readable HTTP/1");
      case DONE -> {
        if (reading.interim()) {
          interim(reading);
        } else {
          begin(reading, in);
        }
        giveBackHead();
      }
    }
  }

  /** Bytes that answer nothing: whatever they are, no request may get them as its answer. */
  private void unasked() {
    if (exchange.active && exchange.sent) {
      client.requests.broken(true);
    } else {
      client.leaveCallee(true);
      client.closeGently();
    }
  }

  private void interim(AnswerHead answer) {
    if (answer.status() == 101) {
      switchProtocol(answer);
      return;
    }
    if (++exchange.interimAnswers > relay.limits.interimAnswers()) {
      client.requests.failed(Ending.UPSTREAM_BROKEN, "the callee's answer does not begin");
      return;
    }
    if (exchange.minorVersion == 1) {
      put(
          client.loop.writer.answer(
              answer, Framing.NONE, true, Persistence.DEFAULT, relay.allocator, 0));
    }
  }

  private void switchProtocol(AnswerHead answer) {
    if (!exchange.websocket || !answer.websocket()) {
      client.requests.failed(
          Ending.UPSTREAM_BROKEN, "the callee switched protocols without being asked");
      return;
    }
    exchange.status = 101;
    put(
        client.loop.writer.answer(
            answer, Framing.NONE, true, Persistence.WEBSOCKET, relay.allocator, 0));
    client.expectNothing();
    phase = Phase.TUNNEL;
    client.openWebSocket();
  }

  private void begin(AnswerHead answer, ByteBuf in) {
    framing = answer.framing(exchange.bodiless);
    left = answer.contentLength();
    rechunked = framing == Framing.CHUNKED && exchange.minorVersion == 1;
    Framing towardsClient =
        framing == Framing.CHUNKED && !rechunked ? Framing.UNTIL_CLOSE : framing;
    // An answer that overtakes its request leaves a body behind that nobody may have read.
    exchange.last |=
        answer.closes()
            || towardsClient == Framing.UNTIL_CLOSE
            || !exchange.requestDone
            || client.saysNoMore();
    exchange.answerBegun = true;
    exchange.status = answer.status();
    boolean whole = framing == Framing.LENGTH && left <= Outbox.SMALL;
    int room =
        framing == Framing.NONE
            ? 0
            : Math.min(Outbox.SMALL, whole ? (int) left : in.readableBytes() + 64);
    put(
        client.loop.writer.answer(
            answer,
            towardsClient,
            framing == Framing.NONE,
            exchange.last
                ? Persistence.CLOSE
                : exchange.minorVersion == 0 ? Persistence.KEEP_ALIVE : Persistence.DEFAULT,
            relay.allocator,
            room));
    if (exchange.requestDone) {
      client.expectNothing();
    }
    if (framing == Framing.NONE || (framing == Framing.LENGTH && left == 0)) {
      answered();
      return;
    }
    phase = Phase.BODY;
    if (framing == Framing.CHUNKED) {
      Chunks reader = chunks;
      if (reader == null) {
        reader = new Chunks(relay.headLimits);
        chunks = reader;
      }
      reader.start();
    }
  }

  private void put(ByteBuf answer) {
    exchange.responseBytes += answer.readableBytes();
    client.outbox.add(answer);
  }

  private void readBody(ByteBuf in) {
    if (framing != Framing.CHUNKED) {
      int size =
          framing == Framing.LENGTH ? (int) Math.min(left, in.readableBytes()) : in.readableBytes();
      exchange.responseBytes += size;
      client.opened.pace().moved(size);
      client.outbox.data(in, size);
      left -= size;
      if (framing == Framing.LENGTH && left == 0) {
        answered();
      }
      return;
    }
    Chunks reader = chunks;
    if (reader == null) {
      throw new IllegalStateException("no chunked body has begun");
    }
    int before = in.readableBytes();
    Chunks.Progress progress = reader.next(in);
    if (progress == Chunks.Progress.DATA) {
      int size = reader.available(in);
      client.opened.pace().moved(size);
      if (rechunked) {
        client.outbox.chunk(in, size);
      } else {
        client.outbox.data(in, size);
      }
      reader.took(size);
    }
    exchange.responseBytes += before - in.readableBytes();
    if (progress == Chunks.Progress.END) {
      if (rechunked) {
        client.outbox.add(client.loop.writer.lastChunk(reader, relay.allocator));
      }
      answered();
    } else if (progress == Chunks.Progress.FAULT) {
      client.requests.broken(true);
    }
  }

  private void answered() {
    phase = Phase.HEAD;
    answeredBefore = true;
    client.requests.answered();
  }

  // End.

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      ended(false);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (connected) {
      ended(true);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (connected) {
      ended(true);
    }
  }

  boolean inputEnded() {
    return inputEnded;
  }

  private void ended(boolean reset) {
    inputEnded = true;
    switch (phase) {
      case CLOSED -> {}
      case TUNNEL -> {
        if (reset) {
          client.abort(Ending.UPSTREAM_BROKEN);
        } else if (client.inputEnded()) {
          client.closeGently();
        } else {
          client.outbox.end();
        }
      }
      case HEAD, BODY -> {
        if (phase == Phase.BODY && framing == Framing.UNTIL_CLOSE && !reset) {
          answered();
        } else if (!exchange.active || !exchange.sent) {
          // Idle: the client's connection ends as the callee's did, unless it has begun to ask.
          client.callee = null;
          close(false);
          if (client.phase == ClientLeg.Phase.HEAD && !exchange.active) {
            client.closeGently();
          }
        } else if (exchange.answerDone) {
          // It has answered and will not read the rest of the body.
          client.records.exchange();
          client.closeGently();
        } else if (exchange.answerBegun || answeredBefore) {
          // As the client would see it without an engine; only it knows whether to ask again.
          client.requests.broken(reset || (phase == Phase.BODY && !framed()));
        } else {
          client.requests.failed(
              Ending.UPSTREAM_BROKEN, "the callee closed the connection without an answer");
        }
        client.flush();
      }
    }
  }

  /** Whether the client can tell a part of the answer from the whole by its framing. */
  private boolean framed() {
    return framing == Framing.LENGTH || rechunked;
  }

  /** Lets go of the connection; the client's leg has forgotten it already. */
  void close(boolean reset) {
    if (phase == Phase.CLOSED) {
      return;
    }
    phase = Phase.CLOSED;
    giveBackHead();
    EpollSocketChannel to = channel;
    if (to == null) {
      outbox.discard();
    } else if (reset || !connected) {
      outbox.discard();
      if (to.isOpen() && connected) {
        to.config().setSoLinger(0);
      }
      ChannelFuture _ = to.close();
    } else {
      outbox.close();
    }
  }

  private void giveBackHead() {
    AnswerHead reading = head;
    if (reading != null) {
      head = null;
      client.loop.giveBack(reading);
    }
  }
}
