package dev.drawbridge.hook;

import com.google.gson.JsonObject;
import dev.drawbridge.hook.Frames.Incoming;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * Listens on the hook socket and gives each request to a {@link HookHandler}: one request a
 * connection, one virtual thread each, every reply at most one sentence.
 *
 * <p>Only root is answered (SO_PEERCRED), whatever the mode of the socket says, and of root's
 * processes those that {@link Callers} admits. When all permits are taken further hooks wait in the
 * socket's backlog, where their own deadline runs. A request whose deadline passes is cut off,
 * which its hook takes for a refusal; what the handler was doing goes on, so a handler must not
 * assume that its answer arrived.
 */
public final class HookServer implements AutoCloseable {
  /** Longest payload of a request: what the hook reads from its standard input at most. */
  public static final int MAX_PAYLOAD_BYTES = 1 << 20;

  /** Longest sentence of an answer; the C side refuses to read longer ones. */
  public static final int MAX_SENTENCE_BYTES = 4096;

  private static final Logger LOG = System.getLogger("dev.drawbridge.hook");

  /** connect(2) of a Unix socket that has looked up the name is that much later done at most. */
  private static final Duration BACKLOG_WAIT = Duration.ofMillis(50);

  private final Limits limits;
  private final HookHandler handler;
  private final UserPrincipal allowedPeer;
  private final Callers callers;
  private final SocketPlace place;
  private final Semaphore permits;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final ScheduledThreadPoolExecutor deadlines;
  private final ExecutorService requests;

  private @Nullable ServerSocketChannel listener;

  /** Which of root's processes are answered: a container's root is root, too. */
  @FunctionalInterface
  public interface Callers {
    /** Asked before anything is read. */
    boolean admits(SocketChannel channel) throws IOException;
  }

  /**
   * The server's limits.
   *
   * @param concurrent requests that are handled at a time
   * @param payloadBytes longest payload
   * @param request from accepting a connection to having answered it
   */
  record Limits(int concurrent, int payloadBytes, Duration request) {
    static Limits of(Duration request) {
      return new Limits(64, MAX_PAYLOAD_BYTES, request);
    }
  }

  /**
   * Makes a server that does not listen yet.
   *
   * @param socket where to listen; its directory is made with mode 0750 if it is missing
   * @param request how long one may take, from accepting a connection to having answered it
   * @param callers which processes are answered
   */
  public HookServer(Path socket, HookHandler handler, Duration request, Callers callers) {
    this(socket, handler, Limits.of(request), root(), callers);
  }

  HookServer(Path socket, HookHandler handler, Limits limits, UserPrincipal allowedPeer) {
    this(socket, handler, limits, allowedPeer, _ -> true);
  }

  HookServer(
      Path socket, HookHandler handler, Limits limits, UserPrincipal allowedPeer, Callers callers) {
    this.callers = callers;
    this.place = new SocketPlace(socket);
    this.handler = handler;
    this.limits = limits;
    this.allowedPeer = allowedPeer;
    this.permits = new Semaphore(limits.concurrent());
    this.deadlines =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("hook-deadlines").factory());
    this.deadlines.setRemoveOnCancelPolicy(true);
    // No virtual ones: a request reads files, for which those take other threads.
    this.requests =
        Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("hook-request-", 0).factory());
  }

  /**
   * Binds the socket and begins to answer.
   *
   * @throws HookException if somebody else listens there already or the directory is unsafe
   */
  public synchronized void start() throws HookException {
    ServerSocketChannel bound = place.bind();
    listener = bound;
    Thread.ofPlatform().daemon().name("hook-accept").start(() -> acceptAll(bound));
  }

  /** Stops listening and removes the socket. Requests under way are still answered. */
  @Override
  public void close() {
    if (stopListening()) {
      Thread.ofVirtual().name("hook-last-requests").start(this::endThreads);
    }
  }

  /**
   * The same, for another agent's server: who has connected is still answered, and whoever comes
   * later finds nobody there and waits. Returns when no request is under way.
   *
   * @return false if some still were after that time
   */
  public boolean handOver(Duration patience) throws InterruptedException {
    place.forget();
    // Whoever found the name before it went is in the backlog by now.
    Thread.sleep(BACKLOG_WAIT);
    if (!stopListening()) {
      return true;
    }
    boolean idle =
        permits.tryAcquire(limits.concurrent(), patience.toMillis(), TimeUnit.MILLISECONDS);
    if (idle) {
      permits.release(limits.concurrent());
    }
    Thread.ofVirtual().name("hook-last-requests").start(this::endThreads);
    return idle;
  }

  /** False if that was done before. */
  private synchronized boolean stopListening() {
    if (!closed.compareAndSet(false, true)) {
      return false;
    }
    place.release(listener);
    return true;
  }

  /** Deadlines and threads are kept until the last request has given back its permit. */
  private void endThreads() {
    permits.acquireUninterruptibly(limits.concurrent());
    deadlines.shutdownNow();
    requests.shutdown();
  }

  private void acceptAll(ServerSocketChannel from) {
    while (!closed.get()) {
      permits.acquireUninterruptibly();
      try {
        SocketChannel channel = from.accept();
        answerLater(channel);
      } catch (ClosedChannelException e) {
        permits.release();
        return;
      } catch (IOException e) {
        permits.release();
        LOG.log(Level.WARNING, "hook socket: accept failed: " + JsonTree.reason(e));
        pauseAfterFailedAccept();
      }
    }
    permits.release();
  }

  private void answerLater(SocketChannel channel) throws IOException {
    try {
      requests.execute(() -> serve(channel));
    } catch (OutOfMemoryError e) {
      // The cgroup or the host has no room for another thread: pthread_create(3), EAGAIN.
      channel.close();
      throw new IOException("no thread to answer a request: " + e.getMessage(), e);
    }
  }

  /** Out of descriptors or threads, most likely: trying again at once would only spin. */
  private static void pauseAfterFailedAccept() {
    try {
      Thread.sleep(Duration.ofMillis(50));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void serve(SocketChannel channel) {
    try (channel) {
      ScheduledFuture<?> cut =
          deadlines.schedule(() -> cut(channel), limits.request().toNanos(), TimeUnit.NANOSECONDS);
      try {
        answer(channel);
      } finally {
        cut.cancel(false);
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "hook socket: request not answered: " + JsonTree.reason(e));
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "hook socket: request not answered", e);
    } finally {
      permits.release();
    }
  }

  private void cut(SocketChannel channel) {
    LOG.log(Level.WARNING, "hook socket: request cut off after " + limits.request());
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "hook socket: closing failed: " + JsonTree.reason(e));
    }
  }

  private void answer(SocketChannel channel) throws IOException {
    UserPrincipal peer = channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
    if (!peer.equals(allowedPeer)) {
      LOG.log(Level.WARNING, "hook socket: refused user " + peer.getName());
      Frames.writeReply(channel, HookReply.refuse("drawbridge: only root may use the hook socket"));
      return;
    }
    if (!callers.admits(channel)) {
      LOG.log(Level.WARNING, "hook socket: refused a process that is not the host's");
      Frames.writeReply(
          channel, HookReply.refuse("drawbridge: no guarded container may use the hook socket"));
      return;
    }
    switch (Frames.readRequest(channel, limits.payloadBytes())) {
      case Incoming.Silent silent -> {}
      case Incoming.Malformed malformed ->
          Frames.writeReply(channel, HookReply.refuse("drawbridge: " + malformed.sentence()));
      case Incoming.Request request -> Frames.writeReply(channel, judge(request));
    }
  }

  private HookReply judge(Incoming.Request request) {
    try {
      return switch (request.operation()) {
        case PATCH -> patch(request.payload());
        case START -> start(request.payload());
        case CREATE_RUNTIME -> withState(request.payload(), handler::createRuntime);
        case POSTSTOP ->
            withState(
                request.payload(),
                state -> {
                  handler.poststop(state);
                  return HookReply.go();
                });
      };
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "hook handler failed at " + request.operation(), e);
      return HookReply.refuse(
          "drawbridge: container not started: the agent failed with "
              + e.getClass().getSimpleName()
              + ", see its log");
    }
  }

  private HookReply patch(ByteBuffer payload) {
    return switch (JsonTree.parse(payload, "the create request").then(HookServer::target)) {
      case Attempt.Failed<Target> failed -> notStarted(failed.sentence());
      case Attempt.Done<Target>(Target target) ->
          handler.patch(target.id(), target.bundle(), target.startIsAsked());
    };
  }

  private HookReply start(ByteBuffer payload) {
    return switch (JsonTree.parse(payload, "the start request")) {
      case Attempt.Failed<JsonObject> failed -> notStarted(failed.sentence());
      case Attempt.Done<JsonObject> done -> {
        String id = JsonTree.string(done.value(), "id").orElse("");
        yield OciState.plausibleId(id)
            ? handler.start(id)
            : notStarted("the start request has no usable \"id\"");
      }
    };
  }

  private static HookReply withState(ByteBuffer payload, Function<OciState, HookReply> next) {
    return switch (OciState.parse(payload)) {
      case Attempt.Failed<OciState> failed -> notStarted(failed.sentence());
      case Attempt.Done<OciState> done -> next.apply(done.value());
    };
  }

  private static HookReply notStarted(String sentence) {
    return HookReply.refuse("drawbridge: container not started: " + sentence);
  }

  private record Target(String id, Path bundle, boolean startIsAsked) {}

  private static Attempt<Target> target(JsonObject request) {
    String id = JsonTree.string(request, "id").orElse("");
    String bundle = JsonTree.string(request, "bundle").orElse("");
    if (!OciState.plausibleId(id)) {
      return Attempt.failed("the create request has no usable \"id\"");
    }
    if (!bundle.startsWith("/") || bundle.indexOf('\0') >= 0) {
      return Attempt.failed("the create request for " + id + " has no absolute \"bundle\"");
    }
    return Attempt.done(
        new Target(id, Path.of(bundle).normalize(), JsonTree.isTrue(request, "start")));
  }

  private static UserPrincipal root() {
    try {
      // The lookup takes a number where no user has that name, and no user is called "0".
      return FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByName("0");
    } catch (IOException e) {
      throw new IllegalStateException("no principal for uid 0", e);
    }
  }

  /** Whether somebody accepts connections at this path. */
  static boolean listening(Path socket) {
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return probe.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      return false;
    }
  }
}
