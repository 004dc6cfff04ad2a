package dev.drawbridge.l7.datagram;

import io.netty.channel.epoll.EpollDatagramChannel;
import java.io.IOException;
import java.util.function.Consumer;

/** Makes unconnected sockets for datagrams in one namespace. */
@FunctionalInterface
public interface DatagramSource {
  /** Makes one on another thread and hands it over there, or says why not. */
  void make(boolean version6, Consumer<EpollDatagramChannel> made, Consumer<IOException> failed);
}
