package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.tls.ServerHelloWatch;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.jspecify.annotations.Nullable;

/**
 * Stands before the leg of a TLS connection until its server has said by a ServerHello which
 * ClientHello it took. Until then the server may ask for another one (RFC 8446 section 4.1.4), and
 * each that the client sends is judged before the server sees any of it: it must name the same
 * server. Records that cannot hold one pass: a dummy ChangeCipherSpec, an alert, early data, which
 * a server skips when it asks for another hello (RFC 8446 section 4.2.10).
 */
final class HelloGuard extends ChannelInboundHandlerAdapter {
  private static final int CHANGE_CIPHER_SPEC = 20;
  private static final int ALERT = 21;
  private static final int HANDSHAKE = 22;
  private static final int APPLICATION_DATA = 23;
  private static final int RECORD_HEADER = 5;

  /** RFC 5246 section 6.2.3: of an encrypted record. */
  private static final int MAX_RECORD = (1 << 14) + 2048;

  private final ClientLeg leg;
  private final String name;
  private final ServerHelloWatch server = new ServerHelloWatch();
  private @Nullable ChannelHandlerContext here;
  private @Nullable ByteBuf held;
  private @Nullable TlsOpening later;

  /** How many of the next bytes may go on. */
  private int passing;

  /**
   * A guard of the leg.
   *
   * @param name that the first hello gave
   * @param judged length of the first hello in bytes, which has been judged and is read again
   */
  HelloGuard(ClientLeg leg, String name, int judged) {
    this.leg = leg;
    this.name = name;
    this.passing = judged;
  }

  /** Bytes of memory that wait here. */
  int holds() {
    ByteBuf waiting = held;
    TlsOpening reading = later;
    return (waiting == null ? 0 : waiting.capacity()) + (reading == null ? 0 : reading.holds());
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    here = context;
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    here = null;
    ByteBuf waiting = held;
    if (waiting != null) {
      held = null;
      waiting.release();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    held = HeldInput.append(held, (ByteBuf) message, leg.relay.allocator);
    boolean goesOn = true;
    for (ByteBuf in = held; in != null && goesOn; in = held) {
      if (passing > 0) {
        pass(context, in);
      } else {
        goesOn = mayPass(in);
      }
    }
    if (here == null) {
      return;
    }
    if (held != null) {
      leg.expectMoreOfAHello();
    } else {
      leg.expectNothing();
    }
  }

  private void pass(ChannelHandlerContext context, ByteBuf in) {
    int size = Math.min(passing, in.readableBytes());
    passing -= size;
    ByteBuf part = in;
    if (size < in.readableBytes()) {
      part = in.readRetainedSlice(size);
    } else {
      held = null;
    }
    context.fireChannelRead(part);
  }

  /** At the beginning of a record: whether it is known what may go on. */
  private boolean mayPass(ByteBuf in) {
    int start = in.readerIndex();
    return switch (in.getByte(start)) {
      case HANDSHAKE -> hello(in);
      case CHANGE_CIPHER_SPEC, ALERT, APPLICATION_DATA -> {
        if (in.readableBytes() < RECORD_HEADER) {
          yield false;
        }
        int length = in.getUnsignedShort(start + RECORD_HEADER - 2);
        passing = RECORD_HEADER + length;
        yield length <= MAX_RECORD || unreadable(Reason.NOT_TLS);
      }
      default -> unreadable(Reason.NOT_TLS);
    };
  }

  private boolean hello(ByteBuf in) {
    TlsOpening reading = later;
    if (reading == null) {
      reading = new TlsOpening(leg.opened);
      later = reading;
    }
    Verdict verdict = reading.judge(in);
    if (verdict == null) {
      return false;
    }
    return decide(reading, verdict);
  }

  private boolean unreadable(Reason reason) {
    TlsOpening reading = later;
    if (reading == null) {
      reading = new TlsOpening(leg.opened);
    }
    return decide(reading, reading.unreadable(reason));
  }

  private boolean decide(TlsOpening reading, Verdict judged) {
    later = null;
    boolean same = reading.names(name);
    Verdict verdict = judged;
    if (judged.decision() == Decision.ALLOW && !judged.audited() && !same) {
      verdict = reading.changed();
    }
    if (verdict.decision() != Decision.ALLOW) {
      reading.count(verdict);
      leg.records.exchange(Ending.RESET);
      reading.record(verdict);
      leave();
      leg.refuse(reading.alert());
      return false;
    }
    if (!same) {
      // Only because a side audits: it is told what it would have refused.
      reading.count(verdict);
      reading.record(verdict);
      leg.carriesTls(reading.serverName());
    }
    passing = Math.max(passing, reading.size());
    if (passing == 0) {
      letGo();
      return false;
    }
    return true;
  }

  /** Looks at what the server says; true once nothing has to be judged any more. */
  boolean answers(ByteBuf in) {
    if (!server.take(in)) {
      return false;
    }
    letGo();
    return true;
  }

  /** The rest goes by without being looked at. */
  private void letGo() {
    ChannelHandlerContext context = here;
    ByteBuf waiting = held;
    held = null;
    if (context != null) {
      leg.expectNothing();
      if (waiting != null) {
        context.fireChannelRead(waiting);
      }
      context.pipeline().remove(this);
    } else if (waiting != null) {
      waiting.release();
    }
  }

  private void leave() {
    ChannelHandlerContext context = here;
    if (context != null) {
      context.pipeline().remove(this);
    }
  }

  /** The rest of a hello has not come in time. */
  void late() {
    if (held != null) {
      unreadable(Reason.CLIENT_SILENT);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE && held != null) {
      // A part of a record must not look like the end of what was judged.
      leg.abort(Ending.CLIENT_GONE);
      return;
    }
    context.fireUserEventTriggered(event);
  }
}
