package dev.drawbridge.l7.accept;

import dev.drawbridge.l7.EngineListener;
import dev.drawbridge.l7.NetnsHandle;
import dev.drawbridge.l7.relay.Loop;
import dev.drawbridge.l7.relay.Relay;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The listening sockets of one namespace. */
public final class NamespaceListener implements EngineListener {
  private static final int BACKLOG = 4096;
  private static final byte[] LOOPBACK_4 = {127, 0, 0, 1};
  private static final byte[] LOOPBACK_6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

  private final Relay relay;
  private final SocketStock stock;
  private final Consumer<NamespaceListener> closed;
  private @Nullable EpollServerSocketChannel version4;
  private @Nullable EpollServerSocketChannel version6;

  private NamespaceListener(Relay relay, SocketStock stock, Consumer<NamespaceListener> closed) {
    this.relay = relay;
    this.stock = stock;
    this.closed = closed;
  }

  /**
   * Makes and binds the sockets.
   *
   * @param executor where namespaces are entered later on; never an event loop
   * @param closed told once when this is closed
   * @throws IOException if neither family can be bound
   */
  public static NamespaceListener open(
      Relay relay,
      int netnsNumber,
      NetnsHandle netns,
      Executor executor,
      Consumer<NamespaceListener> closed)
      throws IOException {
    SocketStock stock = new SocketStock(netns, executor);
    NamespaceListener listener = new NamespaceListener(relay, stock, closed);
    IOException failure = null;
    for (boolean wants6 : new boolean[] {false, true}) {
      try {
        listener.bind(netnsNumber, netns, wants6);
      } catch (IOException e) {
        // A namespace may well have only one of the two families.
        if (failure != null) {
          e.addSuppressed(failure);
          throw e;
        }
        failure = e;
      }
    }
    return listener;
  }

  private void bind(int netnsNumber, NetnsHandle netns, boolean wants6) throws IOException {
    EpollServerSocketChannel channel =
        SocketStock.inside(
            netns,
            () ->
                new EpollServerSocketChannel(
                    wants6 ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET));
    Loop loop = relay.nextLoop();
    channel.config().setOption(ChannelOption.SO_BACKLOG, BACKLOG);
    channel.config().setAllocator(relay.allocator());
    channel.pipeline().addLast(new Acceptor(relay, netnsNumber, stock));
    await(loop.eventLoop().register(channel), channel);
    InetAddress loopback = InetAddress.getByAddress(wants6 ? LOOPBACK_6 : LOOPBACK_4);
    await(channel.bind(new InetSocketAddress(loopback, 0)), channel);
    if (wants6) {
      version6 = channel;
    } else {
      version4 = channel;
    }
  }

  private static void await(ChannelFuture future, Channel channel) throws IOException {
    future.awaitUninterruptibly();
    Throwable cause = future.cause();
    if (cause != null) {
      if (channel.isRegistered()) {
        channel.close().awaitUninterruptibly();
      } else {
        channel.unsafe().closeForcibly();
      }
      throw new IOException("could not listen in the network namespace", cause);
    }
  }

  @Override
  public int port4() {
    return port(version4);
  }

  @Override
  public int port6() {
    return port(version6);
  }

  @Override
  public int fd4() {
    return descriptor(version4);
  }

  @Override
  public int fd6() {
    return descriptor(version6);
  }

  private static int port(@Nullable EpollServerSocketChannel channel) {
    return channel == null ? 0 : channel.localAddress().getPort();
  }

  private static int descriptor(@Nullable EpollServerSocketChannel channel) {
    return channel == null ? -1 : channel.fd().intValue();
  }

  @Override
  public void close() {
    for (EpollServerSocketChannel channel :
        new @Nullable EpollServerSocketChannel[] {version4, version6}) {
      if (channel != null) {
        channel.close().awaitUninterruptibly();
      }
    }
    stock.close();
    relay.abortAll(stock);
    closed.accept(this);
  }
}
