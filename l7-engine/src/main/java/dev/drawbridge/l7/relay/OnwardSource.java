package dev.drawbridge.l7.relay;

import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Makes unconnected sockets in the namespace that a connection came from. */
public interface OnwardSource {
  /** A socket that was made ahead, or null: then {@link #make}. The caller owns it. */
  @Nullable EpollSocketChannel take(boolean version6);

  /** Whether what its sockets send may be changed on its way. */
  boolean rewritten();

  /** Makes a socket on another thread and hands it over there, or says why not. */
  void make(boolean version6, Consumer<EpollSocketChannel> made, Consumer<IOException> failed);
}
