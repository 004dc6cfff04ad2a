package dev.drawbridge.l7.share;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.util.ArrayList;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Netty's epoll handler, but for one mistake. When a channel is interested in nothing (reading is
 * off and the peer has sent its FIN), Netty since pull request 16689, seen in 4.2.15 to 4.2.20,
 * takes the descriptor out of the epoll set and still believes it is in: the next interest fails
 * with ENOENT. Here such a channel stays in the set with an edge-triggered interest in nothing,
 * which wakes nobody twice.
 *
 * <p>What a loop is to wait for it tells the kernel once, before it waits: a connection that begins
 * changes its interest several times in one turn, and each change is a system call. Interests are
 * level-triggered, so nothing is missed.
 *
 * <p>It also says when an event began: by the time that a handler hears of it the bytes are read,
 * and with a flood that is most of the work.
 */
public final class SteadyEpoll implements IoHandler {
  private final IoHandler epoll;
  private final ThreadAwareExecutor executor;
  private final Began began;

  /** Whose interest the kernel does not know yet; used by the loop alone. */
  private final ArrayList<Steady> changed = new ArrayList<>();

  private SteadyEpoll(IoHandler epoll, ThreadAwareExecutor executor, Began began) {
    this.epoll = epoll;
    this.executor = executor;
    this.began = began;
  }

  /** When the event in hand began, by {@code System.nanoTime}; for one loop. */
  public static final class Began {
    private static final long NONE = Long.MIN_VALUE;

    private long nanos = NONE;

    /** An event has begun. */
    void at(long when) {
      nanos = when;
    }

    /** Now, or when the event began that nobody has asked about yet. */
    long take() {
      long at = nanos;
      nanos = NONE;
      return at == NONE ? System.nanoTime() : at;
    }
  }

  /** Makes the handlers of a group. */
  public static final class Factory implements IoHandlerFactory {
    private final IoHandlerFactory factory = EpollIoHandler.newFactory();
    private final ConcurrentHashMap<Object, Began> began = new ConcurrentHashMap<>();

    @Override
    public IoHandler newHandler(ThreadAwareExecutor executor) {
      return new SteadyEpoll(factory.newHandler(executor), executor, of(executor));
    }

    /** The events of one loop. */
    public Began of(Object loop) {
      return began.computeIfAbsent(loop, _ -> new Began());
    }
  }

  @Override
  public void initialize() {
    epoll.initialize();
  }

  @Override
  public int run(IoHandlerContext context) {
    tell();
    return epoll.run(context);
  }

  @Override
  public void prepareToDestroy() {
    epoll.prepareToDestroy();
  }

  @Override
  public void destroy() {
    epoll.destroy();
  }

  @Override
  public IoRegistration register(IoHandle handle) throws Exception {
    return new Steady(
        epoll.register(handle instanceof EpollIoHandle of ? new Timed(of, began) : handle), handle);
  }

  @Override
  public void wakeup() {
    epoll.wakeup();
  }

  @Override
  public boolean isCompatible(Class<? extends IoHandle> type) {
    return epoll.isCompatible(type);
  }

  private void tell() {
    if (changed.isEmpty()) {
      return;
    }
    // Closing one of them may change another.
    for (int i = 0; i < changed.size(); i++) {
      changed.get(i).tell();
    }
    changed.clear();
  }

  @SuppressWarnings("try") // closing is the handle's affair
  private record Timed(EpollIoHandle of, Began began) implements EpollIoHandle {
    @Override
    public FileDescriptor fd() {
      return of.fd();
    }

    @Override
    public void handle(IoRegistration registration, IoEvent event) {
      began.at(System.nanoTime());
      of.handle(registration, event);
      began.at(Began.NONE);
    }

    @Override
    public void registered() {
      of.registered();
    }

    @Override
    public void unregistered() {
      of.unregistered();
    }

    @Override
    public void close() throws Exception {
      of.close();
    }
  }

  private final class Steady implements IoRegistration {
    private final IoRegistration registration;
    private final IoHandle handle;
    private @Nullable IoOps told;
    private @Nullable IoOps wanted;

    Steady(IoRegistration registration, IoHandle handle) {
      this.registration = registration;
      this.handle = handle;
    }

    @Override
    @SuppressWarnings("TypeParameterUnusedInFormals") // Netty's signature
    public <T> T attachment() {
      return registration.attachment();
    }

    @Override
    public long submit(IoOps ops) {
      boolean nothing = ops instanceof EpollIoOps of && of.equals(EpollIoOps.NONE);
      IoOps interest = nothing ? EpollIoOps.EPOLLET : ops;
      if (!executor.isExecutorThread(Thread.currentThread())) {
        executor.execute(() -> submit(ops));
        return 0;
      }
      if (wanted == null) {
        changed.add(this);
      }
      wanted = interest;
      return 0;
    }

    /** Tells the kernel, unless it has been told. */
    void tell() {
      IoOps interest = wanted;
      wanted = null;
      if (interest == null || interest.equals(told) || !registration.isValid()) {
        return;
      }
      told = interest;
      try {
        long _ = registration.submit(interest);
      } catch (RuntimeException e) {
        // Nobody would be woken for it any more.
        close(e);
      }
    }

    private void close(RuntimeException cause) {
      try {
        handle.close();
      } catch (Exception e) {
        cause.addSuppressed(e);
        throw cause;
      }
    }

    @Override
    public boolean isValid() {
      return registration.isValid();
    }

    @Override
    public boolean cancel() {
      wanted = null;
      return registration.cancel();
    }
  }
}
