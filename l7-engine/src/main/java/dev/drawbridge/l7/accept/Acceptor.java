package dev.drawbridge.l7.accept;

import dev.drawbridge.l7.opening.Arrival;
import dev.drawbridge.l7.relay.Entrance;
import dev.drawbridge.l7.relay.Loop;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.l7.relay.SocketOptions;
import dev.drawbridge.policy.Peers;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.Errors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Hands each accepted connection to a loop. While the container behind it owes time, none is
 * accepted: its connections wait in the backlog of its own namespace.
 */
final class Acceptor extends ChannelInboundHandlerAdapter implements Entrance {
  private static final int PAUSE_MILLIS = 100;

  /** accept(2): the socket is not listening. */
  private static final int EINVAL = 22;

  private final Relay relay;
  private final SocketStock stock;
  private final AtomicBoolean paused = new AtomicBoolean();
  private final AtomicInteger only = new AtomicInteger();
  private volatile @Nullable Channel listening;

  /** Two containers use the namespace: one must not wait for the other's debts. */
  private volatile boolean shared;

  Acceptor(Relay relay, SocketStock stock) {
    this.relay = relay;
    this.stock = stock;
  }

  @Override
  public void channelRegistered(ChannelHandlerContext context) {
    listening = context.channel();
    context.fireChannelRegistered();
  }

  @Override
  public void owes(int caller, Consumer<Runnable> paid) {
    if (!Peers.isEndpoint(caller)) {
      return;
    }
    Channel channel = listening;
    if (channel == null || shared || !paused.compareAndSet(false, true)) {
      return;
    }
    read(channel, false);
    paid.accept(() -> {
      paused.set(false);
      read(channel, true);
    });
  }

  @Override
  public void enters(int caller) {
    if (Peers.isEndpoint(caller) && !shared) {
      int first = only.compareAndExchange(0, caller);
      shared = first != 0 && first != caller;
    }
  }

  private static void read(Channel channel, boolean wanted) {
    if (channel.eventLoop().inEventLoop()) {
      readHere(channel, wanted);
    } else {
      channel.eventLoop().execute(() -> readHere(channel, wanted));
    }
  }

  private static void readHere(Channel channel, boolean wanted) {
    if (channel.isOpen()) {
      channel.config().setAutoRead(wanted);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    EpollSocketChannel accepted = (EpollSocketChannel) message;
    Loop loop = relay.nextLoop();
    SocketOptions.apply(accepted.config(), relay);
    accepted.pipeline().addLast(new Arrival(loop, accepted, stock, this));
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
    if (cause instanceof Errors.NativeIoException failure && failure.expectedErr() == -EINVAL) {
      // It listens no longer: somebody who may do so has ended it (ss -K), and its hang-up would be
      // told for ever.
      ChannelFuture _ = context.close();
      return;
    }
    // Out of descriptors, most likely. Accepting at once again would spin; callers wait in the
    // backlog meanwhile, and what the kernel decides alone is not affected.
    context.channel().config().setAutoRead(false);
    Future<?> _ =
        context
            .channel()
            .eventLoop()
            .schedule(
                () -> context.channel().config().setAutoRead(!paused.get()),
                PAUSE_MILLIS,
                TimeUnit.MILLISECONDS);
  }
}
