package dev.drawbridge.daemon.succession;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * Listens for whoever wants this agent's place, and for whoever wants it given to another. Answers
 * root alone, and none of root's processes that is in a guarded container.
 */
public final class Heirs implements AutoCloseable {
  private static final System.Logger log = System.getLogger(Heirs.class.getName());

  /** How long whoever connected may take to say what it wants. */
  private static final Duration FIRST_WORD = Duration.ofSeconds(5);

  /** How long a successor may take from its first instruction until it asks. */
  private static final Duration LAUNCH = Duration.ofSeconds(90);

  /** Conversations at a time. */
  private static final int MOST = 4;

  private final Path socket;
  private final Place place;
  private final Launcher launcher;
  private final Callers callers;
  private final IntConsumer exit;
  private final Semaphore room = new Semaphore(MOST);
  private final AtomicBoolean taken = new AtomicBoolean();
  private final List<Lines> waiting = new ArrayList<>();
  private @Nullable ServerSocketChannel listener;

  /** Which of root's processes are answered. */
  @FunctionalInterface
  public interface Callers {
    boolean admits(SocketChannel channel) throws IOException;
  }

  /** Starts the program that this agent was started by, as its successor. */
  @FunctionalInterface
  public interface Launcher {
    /**
     * Returns when it runs by itself.
     *
     * @throws IOException with a sentence for the operator
     */
    void launch() throws IOException;
  }

  /**
   * @param runDir where to listen
   * @param exit ends this process by that status
   */
  public Heirs(Path runDir, Place place, Launcher launcher, Callers callers, IntConsumer exit) {
    this.socket = Words.socket(runDir);
    this.place = place;
    this.launcher = launcher;
    this.callers = callers;
    this.exit = exit;
  }

  /** Listens; the agent that has the run directory's lock is the only one that does. */
  public void start() throws IOException {
    Files.deleteIfExists(socket);
    ServerSocketChannel bound = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener = bound;
    ServerSocketChannel _ = bound.bind(UnixDomainSocketAddress.of(socket));
    Path _ = Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
    Thread.ofPlatform().daemon().name("heirs").start(() -> acceptAll(bound));
  }

  private void acceptAll(ServerSocketChannel from) {
    while (true) {
      room.acquireUninterruptibly();
      try {
        SocketChannel channel = from.accept();
        Thread.ofPlatform().daemon().name("heir").start(() -> serve(channel));
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        room.release();
        log.log(Level.WARNING, "nobody can take over from this agent any more", e);
        return;
      }
    }
  }

  private void serve(SocketChannel channel) {
    try (channel) {
      UserPrincipal peer = channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
      if (!peer.equals(root()) || !callers.admits(channel)) {
        log.log(Level.WARNING, "refused to give the agent's place to " + peer.getName());
        return;
      }
      try (Lines lines = new Lines(channel)) {
        String wanted = lines.hear(FIRST_WORD);
        if (wanted == null) {
          return;
        }
        switch (wanted) {
          case Words.SUCCEED -> launch(lines);
          case Words.TAKE_OVER -> giveUp(lines);
          default -> lines.say(Words.REFUSED + " it is of another version; restart the agent");
        }
      }
    } catch (IOException e) {
      log.log(Level.WARNING, "a conversation about this agent's place broke off", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      room.release();
    }
  }

  private void launch(Lines asking) throws IOException, InterruptedException {
    if (taken.get()) {
      asking.say(Words.REFUSED + " another agent takes over already");
      return;
    }
    try {
      launcher.launch();
    } catch (IOException e) {
      asking.say(Words.REFUSED + " " + e.getMessage());
      return;
    }
    synchronized (waiting) {
      waiting.add(asking);
    }
    // Kept until somebody has taken over, or whoever asked is gone.
    String _ = asking.hear(LAUNCH);
  }

  private void giveUp(Lines successor) throws IOException, InterruptedException {
    if (!taken.compareAndSet(false, true)) {
      successor.say(Words.REFUSED + " another agent takes over already");
      return;
    }
    boolean done = false;
    try {
      done = new Succession(successor, place, this::told).run();
    } catch (RuntimeException e) {
      log.log(Level.ERROR, "giving up the agent's place failed; this agent ends", e);
    } finally {
      exit.accept(done ? 0 : 1);
    }
  }

  /** Another agent is there: whoever asked for it is told. */
  private void told() {
    synchronized (waiting) {
      waiting.forEach(one -> one.tell(Words.DONE));
    }
  }

  private static UserPrincipal root() throws IOException {
    return FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByName("0");
  }

  /** Listens no more; conversations go on. */
  @Override
  public void close() throws IOException {
    ServerSocketChannel bound = listener;
    if (bound != null) {
      listener = null;
      boolean _ = Files.deleteIfExists(socket);
      bound.close();
    }
  }
}
