package dev.drawbridge.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs in a container and times {@code connect(2)}. It reads commands from standard input, a line
 * each, and answers with a line each:
 *
 * <ul>
 *   <li>{@code tcp N}: N blocking connects, each closed by a reset; the median in nanoseconds
 *   <li>{@code udp N}: N connects of datagram sockets, which send nothing; the median in
 *       nanoseconds
 *   <li>{@code await refused|taken}: blocking connects, a tenth of a millisecond apart, until one
 *       is refused or taken, for ten seconds at most; {@link System#nanoTime} just after that,
 *       which on Linux is the same clock in every process, or {@code never}
 * </ul>
 *
 * With {@code serve PORT} as arguments it accepts connections instead, and closes them.
 */
final class ConnectProbe {
  private static final long PATIENCE_NANOS = 10_000_000_000L;
  private static final long PAUSE_NANOS = 100_000;

  private ConnectProbe() {}

  public static void main(String[] arguments) throws IOException {
    if (arguments[0].equals("serve")) {
      serve(Integer.parseInt(arguments[1]));
    }
    InetSocketAddress target = new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      String[] words = line.split(" ", -1);
      System.out.println(
          switch (words[0]) {
            case "tcp" -> median(Integer.parseInt(words[1]), target, false);
            case "udp" -> median(Integer.parseInt(words[1]), target, true);
            case "await" -> await(target, words[1].equals("refused"));
            default -> "unknown";
          });
    }
  }

  private static void serve(int port) throws IOException {
    try (ServerSocketChannel listener = ServerSocketChannel.open()) {
      listener.bind(new InetSocketAddress(port), 4096);
      System.out.println("listening");
      while (true) {
        listener.accept().close();
      }
    }
  }

  private static String median(int count, InetSocketAddress target, boolean datagram)
      throws IOException {
    long[] nanos = new long[count];
    for (int i = 0; i < count; i++) {
      nanos[i] = datagram ? udp(target) : tcp(target);
    }
    Arrays.sort(nanos);
    return Long.toString(nanos[count / 2]);
  }

  private static long tcp(InetSocketAddress target) throws IOException {
    try (SocketChannel channel = SocketChannel.open()) {
      // A reset leaves no port behind in TIME_WAIT.
      channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      long begin = System.nanoTime();
      channel.connect(target);
      return System.nanoTime() - begin;
    }
  }

  private static long udp(InetSocketAddress target) throws IOException {
    try (DatagramChannel channel = DatagramChannel.open()) {
      long begin = System.nanoTime();
      channel.connect(target);
      return System.nanoTime() - begin;
    }
  }

  private static String await(InetSocketAddress target, boolean refused) throws IOException {
    long begin = System.nanoTime();
    while (true) {
      boolean taken;
      try {
        long _ = tcp(target);
        taken = true;
      } catch (ClosedChannelException e) {
        throw e;
      } catch (IOException e) {
        taken = false;
      }
      long now = System.nanoTime();
      if (taken != refused) {
        return Long.toString(now);
      }
      if (now - begin > PATIENCE_NANOS) {
        return "never";
      }
      // The agent is to have a processor.
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }
}
