package dev.drawbridge.l7.accept;

import dev.drawbridge.l7.DatagramOrigins;
import dev.drawbridge.l7.EngineListener;
import dev.drawbridge.l7.NetnsHandle;
import dev.drawbridge.l7.datagram.DatagramEngine;
import dev.drawbridge.l7.relay.Loop;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.l7.relay.SocketOptions;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The listening sockets of one namespace. */
public final class NamespaceListener implements EngineListener {
  private static final int BACKLOG = 4096;
  static final byte[] LOOPBACK_4 = {127, 0, 0, 1};
  static final byte[] LOOPBACK_6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

  private final Relay relay;
  private final Supplier<DatagramEngine> reader;
  private final NetnsHandle netns;
  private final Executor executor;
  private final SocketStock stock;
  private final Consumer<NamespaceListener> closed;
  private @Nullable EpollServerSocketChannel version4;
  private @Nullable EpollServerSocketChannel version6;

  private @Nullable DatagramListeners datagrams;

  private NamespaceListener(
      Relay relay,
      Supplier<DatagramEngine> reader,
      NetnsHandle netns,
      Executor executor,
      SocketStock stock,
      Consumer<NamespaceListener> closed) {
    this.relay = relay;
    this.reader = reader;
    this.netns = netns;
    this.executor = executor;
    this.stock = stock;
    this.closed = closed;
  }

  /**
   * Makes and binds the sockets.
   *
   * @param reader who reads datagrams, asked when there are sockets for them
   * @param executor where namespaces are entered later on; never an event loop
   * @param closed told once when this is closed
   * @throws IOException if neither family can be bound
   */
  public static NamespaceListener open(
      Relay relay,
      Supplier<DatagramEngine> reader,
      NetnsHandle netns,
      Executor executor,
      Consumer<NamespaceListener> closed)
      throws IOException {
    SocketStock stock = new SocketStock(netns, executor);
    NamespaceListener listener =
        new NamespaceListener(relay, reader, netns, executor, stock, closed);
    Made made = SocketStock.inside(netns, Made::both);
    Binding binding4;
    Binding binding6;
    try {
      binding4 = listener.begin(made.version4, LOOPBACK_4);
      binding6 = listener.begin(made.version6, LOOPBACK_6);
    } catch (RuntimeException e) {
      made.close();
      throw new IOException("could not set a socket in the network namespace", e);
    }
    IOException failure = made.failure;
    try {
      listener.version4 = await(binding4);
    } catch (IOException e) {
      failure = failure == null ? e : suppressing(failure, e);
    }
    try {
      listener.version6 = await(binding6);
    } catch (IOException e) {
      failure = failure == null ? e : suppressing(failure, e);
    }
    // A namespace may well have only one of the two families.
    if (listener.version4 == null && listener.version6 == null) {
      throw failure == null ? new IOException("no socket could be made") : failure;
    }
    return listener;
  }

  private static IOException suppressing(IOException first, IOException other) {
    first.addSuppressed(other);
    return first;
  }

  /** Both sockets, made by one visit to the namespace. */
  private record Made(
      @Nullable EpollServerSocketChannel version4,
      @Nullable EpollServerSocketChannel version6,
      @Nullable IOException failure) {
    void close() {
      for (EpollServerSocketChannel channel :
          new @Nullable EpollServerSocketChannel[] {version4, version6}) {
        if (channel != null && !channel.isRegistered()) {
          channel.unsafe().closeForcibly();
        } else if (channel != null) {
          ChannelFuture _ = channel.close();
        }
      }
    }

    static Made both() {
      IOException failure = null;
      EpollServerSocketChannel version4 = null;
      EpollServerSocketChannel version6 = null;
      try {
        version4 = new EpollServerSocketChannel(SocketProtocolFamily.INET);
      } catch (RuntimeException e) {
        failure = new IOException("could not make a socket in the network namespace", e);
      }
      try {
        version6 = new EpollServerSocketChannel(SocketProtocolFamily.INET6);
      } catch (RuntimeException e) {
        IOException other = new IOException("could not make a socket in the network namespace", e);
        failure = failure == null ? other : suppressing(failure, other);
      }
      return new Made(version4, version6, failure);
    }
  }

  /** A socket that its loop registers and binds, one after the other, while nobody waits yet. */
  private record Binding(
      EpollServerSocketChannel channel, ChannelFuture registered, ChannelFuture bound) {}

  private @Nullable Binding begin(@Nullable EpollServerSocketChannel channel, byte[] address)
      throws IOException {
    if (channel == null) {
      return null;
    }
    InetAddress loopback = InetAddress.getByAddress(address);
    Loop loop = relay.nextLoop();
    channel.config().setOption(ChannelOption.SO_BACKLOG, BACKLOG);
    channel.config().setAllocator(relay.allocator());
    channel.config().setAutoRead(relay.judges());
    SocketOptions.listening(channel.config());
    SocketOptions.boundAnyhow(channel.config(), address.length == LOOPBACK_6.length);
    channel.pipeline().addLast(new Acceptor(relay, stock));
    ChannelFuture registered = loop.eventLoop().register(channel);
    return new Binding(channel, registered, channel.bind(new InetSocketAddress(loopback, 0)));
  }

  private static @Nullable EpollServerSocketChannel await(@Nullable Binding binding)
      throws IOException {
    if (binding == null) {
      return null;
    }
    EpollServerSocketChannel channel = binding.channel;
    Throwable cause = binding.registered.awaitUninterruptibly().cause();
    if (cause == null) {
      cause = binding.bound.awaitUninterruptibly().cause();
    }
    if (cause == null) {
      return channel;
    }
    if (channel.isRegistered()) {
      channel.close().awaitUninterruptibly();
    } else {
      channel.unsafe().closeForcibly();
    }
    throw new IOException("could not listen in the network namespace", cause);
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
  public synchronized List<DatagramSocket> datagrams(int slots, DatagramOrigins origins)
      throws IOException {
    DatagramListeners there = datagrams;
    if (there == null) {
      there = DatagramListeners.open(relay, reader.get(), netns, executor, slots, origins);
      datagrams = there;
      if (relay.judges()) {
        // It may have come while they were opened.
        there.accept();
      }
    }
    return there.sockets();
  }

  @Override
  public void mayBeRewritten() {
    // Known first: what begins meanwhile is refused, or has begun and ends.
    stock.mayBeRewritten();
    relay.abortAll(stock);
  }

  /** There is a policy: what has come waits no longer. */
  public void accept() {
    for (EpollServerSocketChannel channel :
        new @Nullable EpollServerSocketChannel[] {version4, version6}) {
      if (channel != null) {
        channel.eventLoop().execute(() -> channel.config().setAutoRead(true));
      }
    }
    DatagramListeners there = datagramsNow();
    if (there != null) {
      there.accept();
    }
  }

  private synchronized @Nullable DatagramListeners datagramsNow() {
    return datagrams;
  }

  /** Takes no connection any more; those that are there go on. */
  public void stopAccepting() {
    for (EpollServerSocketChannel channel :
        new @Nullable EpollServerSocketChannel[] {version4, version6}) {
      if (channel != null) {
        channel.close().awaitUninterruptibly();
      }
    }
  }

  @Override
  public void close() {
    stopAccepting();
    synchronized (this) {
      if (datagrams != null) {
        datagrams.close();
      }
    }
    stock.close();
    relay.abortAll(stock);
    closed.accept(this);
  }
}
