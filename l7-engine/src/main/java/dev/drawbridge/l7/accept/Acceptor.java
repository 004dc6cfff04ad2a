package dev.drawbridge.l7.accept;

import dev.drawbridge.l7.relay.Loop;
import dev.drawbridge.l7.relay.Opening;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.l7.relay.SocketOptions;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Hands each accepted connection to a loop. */
final class Acceptor extends ChannelInboundHandlerAdapter {
  private static final int PAUSE_MILLIS = 100;

  private final Relay relay;
  private final SocketStock stock;

  Acceptor(Relay relay, SocketStock stock) {
    this.relay = relay;
    this.stock = stock;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    EpollSocketChannel accepted = (EpollSocketChannel) message;
    Loop loop = relay.nextLoop();
    SocketOptions.apply(accepted.config(), relay);
    accepted.pipeline().addLast(new Opening(loop, accepted, stock));
    ChannelFuture _ =
        loop.eventLoop()
            .register(accepted)
            .addListener(
                (ChannelFutureListener)
                    done -> {
                      if (!done.isSuccess()) {
                        accepted.unsafe().closeForcibly();
                      }
                    });
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // Out of descriptors, most likely. Accepting at once again would spin; callers wait in the
    // backlog meanwhile, and what the kernel decides alone is not affected.
    context.channel().config().setAutoRead(false);
    Future<?> _ =
        context
            .channel()
            .eventLoop()
            .schedule(
                () -> context.channel().config().setAutoRead(true),
                PAUSE_MILLIS,
                TimeUnit.MILLISECONDS);
  }
}
