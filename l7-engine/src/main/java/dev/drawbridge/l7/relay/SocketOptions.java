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
  private static final int IPPROTO_IP = 0;
  private static final int IPPROTO_IPV6 = 41;

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

  private static final ChannelOption<Integer> FREE_BIND_4 =
      new IntegerUnixChannelOption("IP_FREEBIND", IPPROTO_IP, 15);

  private static final ChannelOption<Integer> FREE_BIND_6 =
      new IntegerUnixChannelOption("IPV6_FREEBIND", IPPROTO_IPV6, 78);

  /**
   * Lets a socket be bound to an address of loopback also while that is down, which whoever lives
   * in the namespace decides: he must not keep the engine out, and all guards with it. ip(7).
   */
  public static void boundAnyhow(ChannelConfig config, boolean version6) {
    set(config, version6 ? FREE_BIND_6 : FREE_BIND_4, 1);
  }

  private static void set(ChannelConfig config, ChannelOption<Integer> option, int value) {
    if (!config.setOption(option, value)) {
      throw new IllegalStateException(option + " cannot be set on a socket of the engine");
    }
  }

  /** Sets a listener, for all that it accepts. */
  public static void listening(ChannelConfig config) {
    for (Inherited one : INHERITED) {
      set(config, one.option, one.value);
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
