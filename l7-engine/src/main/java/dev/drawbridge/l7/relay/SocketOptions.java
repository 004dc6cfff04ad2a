package dev.drawbridge.l7.relay;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelOption;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollSocketChannelConfig;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.util.List;

/**
 * What every socket of the engine is set to, with as few system calls as a connection can have:
 * clients' sockets inherit it from their listener (Linux {@code sk_clone_lock}), and one to a
 * callee is told to look after its peer only once it has lasted a little. Neither Nagle's algorithm
 * nor a delayed end: Netty sets TCP_NODELAY itself on each socket that it makes.
 */
public final class SocketOptions {
  private static final int KEEP_ALIVE_IDLE_SECONDS = 60;
  private static final int KEEP_ALIVE_INTERVAL_SECONDS = 15;
  private static final int KEEP_ALIVE_PROBES = 4;

  /** Of the x86-64 and arm64 ABI: include/uapi/asm-generic/socket.h, include/uapi/linux/tcp.h. */
  private static final int SOL_SOCKET = 1;

  private static final int IPPROTO_TCP = 6;

  private record Inherited(ChannelOption<Integer> option, int value) {
    static Inherited of(String name, int level, int number, int value) {
      return new Inherited(new IntegerUnixChannelOption(name, level, number), value);
    }
  }

  private static final List<Inherited> INHERITED =
      List.of(
          Inherited.of("SO_KEEPALIVE", SOL_SOCKET, 9, 1),
          Inherited.of("TCP_NODELAY", IPPROTO_TCP, 1, 1),
          Inherited.of("TCP_KEEPIDLE", IPPROTO_TCP, 4, KEEP_ALIVE_IDLE_SECONDS),
          Inherited.of("TCP_KEEPINTVL", IPPROTO_TCP, 5, KEEP_ALIVE_INTERVAL_SECONDS),
          Inherited.of("TCP_KEEPCNT", IPPROTO_TCP, 6, KEEP_ALIVE_PROBES));

  /** Never less than two pages: after a few short requests a body would come in crumbs. */
  private static final RecvByteBufAllocator READS =
      new AdaptiveRecvByteBufAllocator(8 * 1024, 8 * 1024, 64 * 1024);

  private SocketOptions() {}

  /** Sets a listener, for all that it accepts. */
  public static void listening(ChannelConfig config) {
    for (Inherited one : INHERITED) {
      if (!config.setOption(one.option, one.value)) {
        throw new IllegalStateException(one.option + " cannot be set on a listening socket");
      }
    }
  }

  /** Sets one of the two legs; asks nothing of the kernel. */
  public static void apply(EpollSocketChannelConfig config, Relay relay) {
    config.setAllocator(relay.allocator());
    config.setRecvByteBufAllocator(READS);
    config.setAllowHalfClosure(true);
    int high = relay.limits().writeHighWater();
    config.setWriteBufferWaterMark(new WriteBufferWaterMark(high / 2, high));
  }

  /** Has the kernel find out that a callee is dead, in the time that a client is found dead in. */
  static void lasting(EpollSocketChannelConfig config) {
    config.setKeepAlive(true);
    config.setTcpKeepIdle(KEEP_ALIVE_IDLE_SECONDS);
    config.setTcpKeepIntvl(KEEP_ALIVE_INTERVAL_SECONDS);
    config.setTcpKeepCnt(KEEP_ALIVE_PROBES);
  }
}
