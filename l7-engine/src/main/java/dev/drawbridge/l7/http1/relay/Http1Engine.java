package dev.drawbridge.l7.http1.relay;

import dev.drawbridge.l7.relay.Conversation;
import dev.drawbridge.l7.relay.Engine;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.policy.http.HttpProtocol;
import dev.drawbridge.policy.read.Protocol;
import io.netty.buffer.ByteBuf;
import java.util.function.BooleanSupplier;

/** HTTP/1, and what is nothing that is known: its reader says so. */
public final class Http1Engine implements Engine {
  @Override
  public Protocol protocol() {
    return HttpProtocol.HTTP;
  }

  @Override
  public Guess guess(ByteBuf first, BooleanSupplier ruled) {
    return nothingSaid(first) || maybeProxyProtocol(first) ? Guess.MAYBE : Guess.YES;
  }

  /** Two empty lines, or a part of them: version 2 of the PROXY protocol begins with them. */
  private static boolean maybeProxyProtocol(ByteBuf first) {
    int at = first.readerIndex();
    int size = first.readableBytes();
    return size <= 4
        && first.getByte(at) == '\r'
        && (size < 2 || first.getByte(at + 1) == '\n')
        && (size < 3 || first.getByte(at + 2) == '\r')
        && (size < 4 || first.getByte(at + 3) == '\n');
  }

  /** Whether nothing has come but the empty line, or a part of it, that may stand first. */
  public static boolean nothingSaid(ByteBuf first) {
    int at = first.readerIndex();
    int size = first.readableBytes();
    return size > 0
        && size <= 2
        && first.getByte(at) == '\r'
        && (size == 1 || first.getByte(at + 1) == '\n');
  }

  @Override
  public Conversation open(Opened opened) {
    return new Http1Client(opened);
  }
}
