package dev.drawbridge.l7.relay;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollSocketChannelConfig;

/** What every socket of the engine is set to. */
public final class SocketOptions {
  private static final int KEEP_ALIVE_IDLE_SECONDS = 60;
  private static final int KEEP_ALIVE_INTERVAL_SECONDS = 15;
  private static final int KEEP_ALIVE_PROBES = 4;

  /** Never less than two pages: after a few short requests a body would come in crumbs. */
  private static final RecvByteBufAllocator READS =
      new AdaptiveRecvByteBufAllocator(8 * 1024, 8 * 1024, 64 * 1024);

  private SocketOptions() {}

  /** Sets one of the two legs; both find a dead peer in the same time. */
  public static void apply(EpollSocketChannelConfig config, Relay relay) {
    config.setAllocator(relay.allocator());
    config.setRecvByteBufAllocator(READS);
    config.setAllowHalfClosure(true);
    config.setTcpNoDelay(true);
    config.setKeepAlive(true);
    config.setTcpKeepIdle(KEEP_ALIVE_IDLE_SECONDS);
    config.setTcpKeepIntvl(KEEP_ALIVE_INTERVAL_SECONDS);
    config.setTcpKeepCnt(KEEP_ALIVE_PROBES);
    int high = relay.limits().writeHighWater();
    config.setWriteBufferWaterMark(new WriteBufferWaterMark(high / 2, high));
  }
}
