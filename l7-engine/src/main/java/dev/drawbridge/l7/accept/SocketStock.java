package dev.drawbridge.l7.accept;

import dev.drawbridge.l7.NetnsHandle;
import dev.drawbridge.l7.relay.OnwardSource;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Unconnected sockets of one namespace, some made ahead so that a new connection need not wait for
 * a thread to enter the namespace. Netty makes the native socket in the channel's constructor, on
 * the thread that calls it; event loop and connect come later and do not matter.
 */
final class SocketStock implements OnwardSource {
  /** Most sockets of one family kept ahead. Grows to it as they are used, starts with none. */
  private static final int MOST_AHEAD = 32;

  /** Who needs the next ones as soon as that gets twice as many: each visit wakes a thread. */
  private static final long SOON_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

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
    long filledNanos = System.nanoTime() - SOON_NANOS;

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
      long now = System.nanoTime();
      if (now - family.filledNanos < SOON_NANOS) {
        family.wanted = Math.min(MOST_AHEAD, family.wanted * 2);
      }
      family.filledNanos = now;
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
      int missing;
      synchronized (this) {
        missing = family.wanted - family.ready.size();
        if (closed || missing <= 0) {
          family.filling = false;
          return;
        }
      }
      List<EpollSocketChannel> made = new ArrayList<>(missing);
      boolean all = makeAhead(family, missing, made);
      synchronized (this) {
        if (closed) {
          made.forEach(channel -> channel.unsafe().closeForcibly());
        } else {
          family.ready.addAll(made);
        }
        if (!all) {
          family.filling = false;
          return;
        }
      }
    }
  }

  /** By one visit; false if not all could be made. */
  private boolean makeAhead(Family family, int count, List<EpollSocketChannel> made) {
    try {
      return inside(
          netns,
          () -> {
            while (made.size() < count) {
              made.add(new EpollSocketChannel(family.protocol));
            }
            return true;
          });
    } catch (IOException _) {
      // Whoever needs one next makes it himself, and says then what is wrong.
      return false;
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
