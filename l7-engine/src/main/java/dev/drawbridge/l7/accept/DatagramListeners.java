package dev.drawbridge.l7.accept;

import dev.drawbridge.l7.DatagramOrigins;
import dev.drawbridge.l7.EngineListener.DatagramSocket;
import dev.drawbridge.l7.NetnsHandle;
import dev.drawbridge.l7.datagram.DatagramArrival;
import dev.drawbridge.l7.datagram.DatagramEngine;
import dev.drawbridge.l7.datagram.DatagramSource;
import dev.drawbridge.l7.datagram.DatagramSpace;
import dev.drawbridge.l7.datagram.Datagrams;
import dev.drawbridge.l7.relay.Loop;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.l7.relay.SocketOptions;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** The sockets for datagrams of one namespace; all of them on one loop. */
final class DatagramListeners implements DatagramSource {
  /** Longest datagram of a client; what is longer is cut, and cannot be read then. */
  private static final int MOST_BYTES = 8192;

  /** So many are read by one system call. */
  private static final int AT_ONCE = 8;

  private static final int RECEIVE_BUFFER = 256 * 1024;

  private final NetnsHandle netns;
  private final Executor executor;
  private final Datagrams engine;
  private final Loop loop;
  private final List<EpollDatagramChannel> channels = new ArrayList<>();
  private final List<DatagramSocket> sockets = new ArrayList<>();

  private DatagramListeners(
      Relay relay, DatagramEngine reader, NetnsHandle netns, Executor executor) {
    this.netns = netns;
    this.executor = executor;
    this.loop = relay.nextLoop();
    this.engine = reader.open(new DatagramSpace(loop, this));
  }

  /**
   * Makes and binds the sockets.
   *
   * @param executor where the namespace is entered later on; never an event loop
   * @throws IOException if neither family can be bound
   */
  static DatagramListeners open(
      Relay relay,
      DatagramEngine reader,
      NetnsHandle netns,
      Executor executor,
      int slots,
      DatagramOrigins origins)
      throws IOException {
    DatagramListeners listeners = new DatagramListeners(relay, reader, netns, executor);
    IOException failure = null;
    for (boolean version6 : new boolean[] {false, true}) {
      try {
        listeners.bind(relay, version6, slots, origins);
      } catch (IOException e) {
        failure = e;
      }
    }
    if (listeners.sockets.isEmpty() && failure != null) {
      listeners.close();
      throw failure;
    }
    return listeners;
  }

  private void bind(Relay relay, boolean version6, int slots, DatagramOrigins origins)
      throws IOException {
    InetAddress loopback =
        InetAddress.getByAddress(
            version6 ? NamespaceListener.LOOPBACK_6 : NamespaceListener.LOOPBACK_4);
    List<EpollDatagramChannel> made =
        SocketStock.inside(
            netns,
            () -> {
              List<EpollDatagramChannel> all = new ArrayList<>();
              for (int slot = 0; slot < slots; slot++) {
                all.add(socket(version6));
              }
              return all;
            });
    for (int slot = 0; slot < slots; slot++) {
      EpollDatagramChannel channel = made.get(slot);
      channel
          .config()
          .setAutoRead(relay.judges())
          .setAllocator(relay.allocator())
          .setMaxDatagramPayloadSize(MOST_BYTES)
          .setRecvByteBufAllocator(new FixedRecvByteBufAllocator(AT_ONCE * MOST_BYTES))
          .setOption(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER);
      SocketOptions.boundAnyhow(channel.config(), version6);
      channel.pipeline().addLast(new DatagramArrival(loop, engine, origins, slot, version6));
      Throwable cause = loop.eventLoop().register(channel).awaitUninterruptibly().cause();
      if (cause == null) {
        cause = channel.bind(new InetSocketAddress(loopback, 0)).awaitUninterruptibly().cause();
      }
      if (cause != null) {
        made.subList(slot, slots).forEach(left -> left.unsafe().closeForcibly());
        throw new IOException("could not take datagrams in the network namespace", cause);
      }
      channels.add(channel);
      sockets.add(
          new DatagramSocket(
              slot, version6, channel.fd().intValue(), channel.localAddress().getPort()));
    }
  }

  private static EpollDatagramChannel socket(boolean version6) {
    return new EpollDatagramChannel(
        version6 ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET);
  }

  /** There is a policy: what has come waits no longer. */
  void accept() {
    for (EpollDatagramChannel channel : channels) {
      loop.eventLoop().execute(() -> channel.config().setAutoRead(true));
    }
  }

  List<DatagramSocket> sockets() {
    return List.copyOf(sockets);
  }

  @Override
  public void make(
      boolean version6, Consumer<EpollDatagramChannel> made, Consumer<IOException> failed) {
    SocketStock.handOver(
        executor, () -> SocketStock.inside(netns, () -> socket(version6)), made, failed);
  }

  void close() {
    channels.forEach(channel -> channel.close().awaitUninterruptibly());
    loop.eventLoop().execute(engine::close);
  }
}
