package dev.drawbridge.l7.relay;

import dev.drawbridge.policy.HttpProtocol;
import dev.drawbridge.policy.Protocol;
import io.netty.buffer.ByteBuf;
import java.util.function.BooleanSupplier;

/** HTTP/1, and what is nothing that is known: its reader says so. */
final class Http1Engine implements Engine {
  @Override
  public Protocol protocol() {
    return HttpProtocol.HTTP;
  }

  @Override
  public Guess guess(ByteBuf first, BooleanSupplier ruled) {
    return Guess.YES;
  }

  @Override
  public Conversation open(Opened opened) {
    return new Http1Client(opened);
  }
}
