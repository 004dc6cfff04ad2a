package dev.drawbridge.daemon.succession;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Lines of text over a socket, each way. Safe for any threads, of which one hears. */
final class Lines implements AutoCloseable {
  private static final System.Logger log = System.getLogger(Lines.class.getName());

  /**
   * Bytes of the longest: all of a host's policy files (4 MiB) with each byte of theirs escaped in
   * JSON by six.
   */
  static final int LONGEST = 32 << 20;

  /** Lines that were heard, and nobody has asked for yet. */
  private static final int WAITING = 64;

  /** The other has said all it will say. */
  static final String END = "";

  private final SocketChannel channel;
  private final BlockingQueue<String> heard = new ArrayBlockingQueue<>(WAITING);
  private final Thread reader;
  private volatile boolean over;

  Lines(SocketChannel channel) {
    this.channel = channel;
    this.reader = Thread.ofPlatform().daemon().name("succession-lines").start(this::read);
  }

  /** Says a line, which holds no line end. */
  synchronized void say(String line) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      int _ = channel.write(bytes);
    }
  }

  /** The same; what cannot be said any more is not. */
  void tell(String line) {
    try {
      say(line);
    } catch (IOException e) {
      log.log(Level.DEBUG, "the other agent does not hear", e);
    }
  }

  /** The next line; {@link #END} when there is none any more, null if none came in time. */
  @Nullable String hear(Duration patience) throws InterruptedException {
    if (over && heard.isEmpty()) {
      return END;
    }
    return heard.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void read() {
    ByteBuffer in = ByteBuffer.allocate(8192);
    byte[] line = new byte[256];
    int length = 0;
    try {
      while (channel.read(in) >= 0) {
        in.flip();
        while (in.hasRemaining()) {
          byte next = in.get();
          if (next == '\n') {
            heard.put(new String(line, 0, length, StandardCharsets.UTF_8));
            length = 0;
            continue;
          }
          if (length == LONGEST) {
            throw new IOException("a line is longer than " + LONGEST + " bytes");
          }
          if (length == line.length) {
            line = Arrays.copyOf(line, Math.min(LONGEST, 2 * length));
          }
          line[length++] = next;
        }
        in.clear();
      }
    } catch (IOException | UncheckedIOException e) {
      log.log(Level.DEBUG, "the other agent is heard no more", e);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      over = true;
      // Whoever waits; if there is no room nobody waits, and finds out when the queue is empty.
      boolean _ = heard.offer(END);
    }
  }

  @Override
  public void close() {
    reader.interrupt();
    try {
      channel.close();
    } catch (IOException e) {
      log.log(Level.DEBUG, "closing a conversation of agents", e);
    }
  }
}
