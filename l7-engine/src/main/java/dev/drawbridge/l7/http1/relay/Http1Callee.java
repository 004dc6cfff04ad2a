package dev.drawbridge.l7.http1.relay;

import dev.drawbridge.l7.http1.AnswerHead;
import dev.drawbridge.l7.http1.Chunks;
import dev.drawbridge.l7.http1.Framing;
import dev.drawbridge.l7.http1.HeadWriter.Persistence;
import dev.drawbridge.l7.relay.Outbox;
import dev.drawbridge.l7.relay.PipedCallee;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.policy.Ending;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The engine's connection to the callee for one client connection. Reads answers as strictly as
 * requests are read, so that client and callee cannot see two framings.
 */
final class Http1Callee extends PipedCallee {
  private enum Phase {
    HEAD,
    BODY,
    TUNNEL
  }

  private final Http1Client client;
  private final Http1Exchange exchange;
  private final Relay relay;
  private @Nullable AnswerHead head;
  private @Nullable Chunks chunks;
  private Phase phase = Phase.HEAD;
  private Framing framing = Framing.NONE;
  private boolean rechunked;
  private long left;
  private boolean answeredBefore;

  Http1Callee(Http1Client client) {
    super(client, Outbox.plain());
    this.client = client;
    this.exchange = client.exchange;
    this.relay = client.relay;
  }

  @Override
  protected void failed(Ending how, String sentence) {
    client.requests.failed(how, sentence);
    client.flush();
  }

  @Override
  protected long reads() {
    AnswerHead reading = head;
    return reading == null ? 0 : reading.holds();
  }

  // Output.

  /** Sends a request's head, now or once there is a connection. */
  void send(ByteBuf request) {
    outbox.add(request);
  }

  // Input.

  @Override
  protected void take(ByteBuf in) {
    while (in.isReadable() && !isClosed()) {
      switch (phase) {
        case HEAD -> readHead(in);
        case BODY -> readBody(in);
        case TUNNEL -> client.answers(in);
      }
    }
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
              Ending.UPSTREAM_BROKEN,
              "the callee's answer is not readable HTTP/1: " + reading.fault().sentenceOfAnswer());
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
    exchange.interimBytes += answer.size();
    if (exchange.interimBytes > relay.limits.interimBytes()) {
      client.requests.failed(
          Ending.UPSTREAM_BROKEN,
          "the callee's answer does not begin: its interim answers are too long together");
      return;
    }
    if (exchange.requestDone) {
      // It is at work: RFC 9110 section 15.2, RFC 2518 section 10.1.
      client.expectInputWithin(relay.limits.answerTimeout());
    }
    if (exchange.minorVersion == 1) {
      put(
          client.loop.writer.answer(
              answer, Framing.NONE, true, Persistence.DEFAULT, relay.allocator, 0));
    }
  }

  private void switchProtocol(AnswerHead answer) {
    if (!exchange.requestDone || !answer.switchesTo(exchange.upgrades)) {
      client.requests.failed(
          Ending.UPSTREAM_BROKEN, "the callee switched protocols without being asked");
      return;
    }
    exchange.status = 101;
    put(
        client.loop.writer.answer(
            answer, Framing.NONE, true, Persistence.UPGRADE, relay.allocator, 0));
    client.expectNothing();
    phase = Phase.TUNNEL;
    client.openTunnel();
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
    if (answer.closes() || exchange.closeAsked) {
      goesFirst();
    }
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
      opened.pace().moved(size);
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
      opened.pace().moved(size);
      if (rechunked) {
        ChunkedBody.put(in, size, client.outbox);
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
  protected void ended(boolean reset) {
    switch (phase) {
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
          client.leaveCallee(false);
          if (client.phase == Http1Client.Phase.HEAD && !exchange.active) {
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

  @Override
  protected void closes() {
    giveBackHead();
  }

  private void giveBackHead() {
    AnswerHead reading = head;
    if (reading != null) {
      head = null;
      client.loop.giveBack(reading);
    }
  }
}
