package dev.drawbridge.hook;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** An agent that misbehaves on purpose: what it does with a connection is the test's business. */
final class RawAgent implements AutoCloseable {
  private final ServerSocketChannel listener;
  private final Thread acceptor;
  private final List<SocketChannel> open = new CopyOnWriteArrayList<>();

  /** What to do with each connection. */
  interface Behaviour {
    void meet(SocketChannel channel) throws IOException;
  }

  RawAgent(Path socket, Behaviour behaviour) throws IOException {
    Files.createDirectories(socket.getParent());
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(socket), 4);
    acceptor = Thread.ofPlatform().daemon().unstarted(() -> acceptAll(behaviour));
    acceptor.start();
  }

  private void acceptAll(Behaviour behaviour) {
    while (listener.isOpen()) {
      try {
        SocketChannel channel = listener.accept();
        open.add(channel);
        behaviour.meet(channel);
      } catch (IOException e) {
        // The test is over, or the program went away: both are what tests are about.
        System.getLogger("test").log(System.Logger.Level.DEBUG, "connection ended", e);
      }
    }
  }

  /** Reads a whole request, then writes these bytes and closes. */
  static Behaviour answering(byte[] bytes) {
    return channel -> {
      readRequest(channel);
      channel.write(ByteBuffer.wrap(bytes));
      channel.close();
    };
  }

  static void readRequest(SocketChannel channel) throws IOException {
    Frames.readRequest(channel, HookServer.MAX_PAYLOAD_BYTES);
  }

  static byte[] frame(int status, String text) {
    byte[] sentence = text.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(12 + sentence.length)
        .put("DBH1".getBytes(StandardCharsets.US_ASCII))
        .putInt(status << 24)
        .putInt(sentence.length)
        .put(sentence)
        .array();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (SocketChannel channel : open) {
      channel.close();
    }
    // A channel that a thread still accepts on goes on listening until that thread lets go.
    try {
      acceptor.join(Duration.ofSeconds(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
