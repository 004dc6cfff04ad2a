package dev.drawbridge.l7.tls;

import dev.drawbridge.l7.relay.Conversation;
import dev.drawbridge.l7.relay.Engine;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.tls.TlsProtocol;
import io.netty.buffer.ByteBuf;
import java.util.function.BooleanSupplier;

/** TLS, by a record of type handshake: RFC 8446 section 5.1. */
public final class TlsEngine implements Engine {
  private static final byte HANDSHAKE = 0x16;
  private static final byte MAJOR_VERSION = 3;

  @Override
  public Protocol protocol() {
    return TlsProtocol.TLS;
  }

  @Override
  public Guess guess(ByteBuf first, BooleanSupplier ruled) {
    int start = first.readerIndex();
    if (first.getByte(start) != HANDSHAKE) {
      return Guess.NO;
    }
    if (first.readableBytes() == 1) {
      return Guess.MAYBE;
    }
    return first.getByte(start + 1) == MAJOR_VERSION ? Guess.YES : Guess.NO;
  }

  @Override
  public Conversation open(Opened opened) {
    return new TlsConversation(opened);
  }
}
