package dev.drawbridge.l7.relay;

import dev.drawbridge.policy.Ending;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import org.jspecify.annotations.Nullable;

/** The callee's end of a {@link Tunnel}. */
final class TunnelCallee extends ChannelInboundHandlerAdapter implements Dial.Leg {
  /** Channel, pipeline, end; as measured, rounded up. */
  private static final int FIXED_BYTES = 2048;

  final Outbox outbox = new Outbox();
  private final Tunnel client;
  private final Opened opened;
  private @Nullable EpollSocketChannel channel;
  private @Nullable Pace pace;
  private boolean connected;
  private boolean closed;
  private boolean outputEnds;
  private boolean outputEnded;
  private boolean inputEnded;

  TunnelCallee(Tunnel client, Opened opened) {
    this.client = client;
    this.opened = opened;
  }

  // Beginning.

  void open() {
    new Dial(this, opened).begin();
  }

  @Override
  public boolean attach(EpollSocketChannel made) {
    if (closed) {
      return false;
    }
    channel = made;
    Pace measured = opened.onward(made);
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
    if (closed) {
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
    if (!closed) {
      opened.relay().upstreamFailures.increment();
      client.abort(failure.how());
    }
  }

  // Output.

  /** Whether it can take more of the client's. */
  boolean takes() {
    return connected && !closed && outbox.writable();
  }

  void flush() {
    if (connected) {
      outbox.flush();
    }
  }

  /** The client says no more: so does this end, after what is still to be sent. */
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

  /** Whether the client's end can take more. */
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
      if (!closed) {
        client.answers(in);
      }
    } finally {
      in.release();
    }
    read(client.outbox.writable());
    opened.measure(client);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    client.resume();
    client.flush();
    opened.remeasure(client);
  }

  // End.

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE && !closed) {
      inputEnded = true;
      client.calleeEnded();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    broken();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    broken();
  }

  private void broken() {
    if (connected && !closed) {
      inputEnded = true;
      client.abort(Ending.UPSTREAM_BROKEN);
    }
  }

  boolean inputEnded() {
    return inputEnded;
  }

  /** Lets go of the connection: gently, or with a reset. */
  void close(boolean reset) {
    if (closed) {
      return;
    }
    closed = true;
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

  /** Bytes of memory that this end takes. */
  long holds() {
    return FIXED_BYTES + outbox.holds();
  }
}
