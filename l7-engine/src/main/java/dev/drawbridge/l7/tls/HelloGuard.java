package dev.drawbridge.l7.tls;

import dev.drawbridge.l7.relay.HeldInput;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.Tunnel;
import dev.drawbridge.l7.relay.TunnelGuard;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.jspecify.annotations.Nullable;

/**
 * Stands before the tunnel of a TLS connection until its server has said by a ServerHello which
 * ClientHello it took. Until then the server may ask for another one (RFC 8446 section 4.1.4), and
 * each that the client sends is judged before the server sees any of it: it must name the same
 * server. Records that cannot hold one pass: a dummy ChangeCipherSpec, an alert, early data, which
 * a server skips when it asks for another hello (RFC 8446 section 4.2.10).
 */
final class HelloGuard extends ChannelInboundHandlerAdapter implements TunnelGuard {
  private static final int CHANGE_CIPHER_SPEC = 20;
  private static final int ALERT = 21;
  private static final int HANDSHAKE = 22;
  private static final int APPLICATION_DATA = 23;
  private static final int RECORD_HEADER = 5;

  /** RFC 5246 section 6.2.3: of an encrypted record. */
  private static final int MAX_RECORD = (1 << 14) + 2048;

  private final Opened opened;
  private final Tunnel tunnel;
  private final String name;
  private final ServerHelloWatch server = new ServerHelloWatch();
  private @Nullable ChannelHandlerContext here;
  private @Nullable ByteBuf held;
  private @Nullable HelloVerdict later;

  /** How many of the next bytes may go on. */
  private int passing;

  /**
   * A guard of the tunnel.
   *
   * @param name that the first hello gave
   * @param judged length of the first hello in bytes, which has been judged and is read again
   */
  HelloGuard(Opened opened, Tunnel tunnel, String name, int judged) {
    this.opened = opened;
    this.tunnel = tunnel;
    this.name = name;
    this.passing = judged;
  }

  /** Takes its place before the tunnel. */
  void stand() {
    tunnel.guardedBy(this);
    ChannelPipeline pipeline = opened.channel().pipeline();
    pipeline.addBefore(pipeline.context(tunnel).name(), "hellos", this);
  }

  @Override
  public long holds() {
    ByteBuf waiting = held;
    HelloVerdict reading = later;
    return (waiting == null ? 0L : waiting.capacity()) + (reading == null ? 0 : reading.holds());
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
    held = HeldInput.append(held, (ByteBuf) message, opened.allocator());
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
      expectMore();
    } else {
      tunnel.expectNothing();
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
    HelloVerdict reading = later;
    if (reading == null) {
      reading = new HelloVerdict(opened);
      later = reading;
    }
    Verdict verdict = reading.judge(in);
    if (verdict == null) {
      return false;
    }
    return decide(reading, verdict);
  }

  private boolean unreadable(Reason reason) {
    HelloVerdict reading = later;
    if (reading == null) {
      reading = new HelloVerdict(opened);
    }
    return decide(reading, reading.unreadable(reason));
  }

  private boolean decide(HelloVerdict reading, Verdict judged) {
    later = null;
    boolean same = reading.names(name);
    Verdict verdict = judged;
    if (judged.decision() == Decision.ALLOW && !judged.audited() && !same) {
      verdict = reading.changed();
    }
    if (verdict.decision() != Decision.ALLOW) {
      reading.count(verdict);
      tunnel.record(Ending.RESET);
      reading.record(verdict);
      leave();
      tunnel.refuse(reading.alert());
      return false;
    }
    if (!same) {
      // Only because a side audits: it is told what it would have refused.
      reading.count(verdict);
      reading.record(verdict);
      tunnel.judgedBy(reading.judging());
    }
    passing = Math.max(passing, reading.size());
    if (passing == 0) {
      letGo();
      return false;
    }
    return true;
  }

  /** The rest of a hello has as long as a first one. */
  private void expectMore() {
    if (!tunnel.expectsInput()) {
      tunnel.expectInputWithin(opened.limits().detectTimeout());
    }
  }

  @Override
  public boolean answers(ByteBuf in) {
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
      tunnel.expectNothing();
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

  @Override
  public void late() {
    if (held != null) {
      unreadable(Reason.CLIENT_SILENT);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE && held != null) {
      // A part of a record must not look like the end of what was judged.
      tunnel.abort(Ending.CLIENT_GONE);
      return;
    }
    context.fireUserEventTriggered(event);
  }
}
