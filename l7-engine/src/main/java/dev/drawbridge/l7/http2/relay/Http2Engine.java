package dev.drawbridge.l7.http2.relay;

import dev.drawbridge.l7.relay.Conversation;
import dev.drawbridge.l7.relay.Engine;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.policy.http.HttpProtocol;
import dev.drawbridge.policy.read.Protocol;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;

/** HTTP/2 with prior knowledge, by its preface: RFC 9113 section 3.4. */
public final class Http2Engine implements Engine {
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  @Override
  public Protocol protocol() {
    return HttpProtocol.HTTP;
  }

  @Override
  public Guess guess(ByteBuf first, BooleanSupplier ruled) {
    int common = Math.min(first.readableBytes(), PREFACE.length);
    int start = first.readerIndex();
    for (int i = 0; i < common; i++) {
      if (first.getByte(start + i) != PREFACE[i]) {
        return Guess.NO;
      }
    }
    return common < PREFACE.length ? Guess.MAYBE : Guess.YES;
  }

  @Override
  public Conversation open(Opened opened) {
    return new Http2Client(opened);
  }
}
