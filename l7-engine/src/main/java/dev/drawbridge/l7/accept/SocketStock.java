package dev.drawbridge.l7.accept;

import dev.drawbridge.l7.NetnsHandle;
import dev.drawbridge.l7.relay.OnwardSource;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Unconnected sockets of one namespace, some made ahead so that a new connection need not wait for
 * a thread to enter the namespace. Netty makes the native socket in the channel's constructor, on
 * the thread that calls it; event loop and connect come later and do not matter.
 */
final class SocketStock implements OnwardSource {
  /** Most sockets of one family kept ahead. Grows to it as they are used, starts with none. */
  private static final int MOST_AHEAD = 16;

  private final NetnsHandle netns;
  private final Executor executor;
  private final Family version4 = new Family(SocketProtocolFamily.INET);
  private final Family version6 = new Family(SocketProtocolFamily.INET6);
  private boolean closed;
  private volatile boolean rewritten;

  /**
   * @param executor where the namespace is entered; never an event loop
   */
  SocketStock(NetnsHandle netns, Executor executor) {
    this.netns = netns;
    this.executor = executor;
  }

  private static final class Family {
    final SocketProtocolFamily protocol;
    final ArrayDeque<EpollSocketChannel> ready = new ArrayDeque<>();
    int wanted;
    boolean filling;

    Family(SocketProtocolFamily protocol) {
      this.protocol = protocol;
    }
  }

  @Override
  public @Nullable EpollSocketChannel take(boolean wants6) {
    Family family = wants6 ? version6 : version4;
    EpollSocketChannel taken;
    synchronized (this) {
      taken = family.ready.poll();
      if (taken == null) {
        family.wanted = Math.min(MOST_AHEAD, Math.max(1, family.wanted * 2));
      }
      if (closed || family.filling || family.ready.size() > family.wanted / 2) {
        return taken;
      }
      family.filling = true;
    }
    try {
      executor.execute(() -> fill(family));
    } catch (RejectedExecutionException _) {
      synchronized (this) {
        family.filling = false;
      }
    }
    return taken;
  }

  @Override
  public void make(
      boolean wants6, Consumer<EpollSocketChannel> made, Consumer<IOException> failed) {
    Family family = wants6 ? version6 : version4;
    handOver(executor, () -> one(family), made, failed);
  }

  /** How a socket is made, or fails to be. */
  interface Making<C> {
    C make() throws IOException;
  }

  /** Makes a socket where the namespace is entered and hands it over there, or says why not. */
  static <C> void handOver(
      Executor executor, Making<C> making, Consumer<C> made, Consumer<IOException> failed) {
    try {
      executor.execute(() -> {
        C channel;
        try {
          channel = making.make();
        } catch (IOException e) {
          failed.accept(e);
          return;
        }
        made.accept(channel);
      });
    } catch (RejectedExecutionException e) {
      failed.accept(new IOException("the engine is closing", e));
    }
  }

  private void fill(Family family) {
    while (true) {
      synchronized (this) {
        if (closed || family.ready.size() >= family.wanted) {
          family.filling = false;
          return;
        }
      }
      EpollSocketChannel channel;
      try {
        channel = one(family);
      } catch (IOException _) {
        // Whoever needs one next makes it himself, and says then what is wrong.
        synchronized (this) {
          family.filling = false;
        }
        return;
      }
      synchronized (this) {
        if (closed) {
          channel.unsafe().closeForcibly();
        } else {
          family.ready.add(channel);
        }
      }
    }
  }

  private EpollSocketChannel one(Family family) throws IOException {
    return inside(netns, () -> new EpollSocketChannel(family.protocol));
  }

  /** Makes something in a namespace; whatever goes wrong is an IOException. */
  static <T> T inside(NetnsHandle netns, Callable<T> making) throws IOException {
    try {
      return netns.call(making);
    } catch (IOException e) {
      throw e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted in the network namespace", e);
    } catch (Exception e) {
      throw new IOException("could not make a socket in the network namespace", e);
    }
  }

  @Override
  public boolean rewritten() {
    return rewritten;
  }

  void mayBeRewritten() {
    rewritten = true;
  }

  void close() {
    synchronized (this) {
      closed = true;
      for (Family family : new Family[] {version4, version6}) {
        for (EpollSocketChannel channel : family.ready) {
          channel.unsafe().closeForcibly();
        }
        family.ready.clear();
      }
    }
  }
}
