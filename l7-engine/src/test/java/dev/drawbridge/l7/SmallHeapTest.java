package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Peers;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * An engine in a process of its own with the agent's shipped heap, which exits when it is
 * exhausted. Several attackers fill every limit at once, again and again; a neighbour is served all
 * the while.
 */
@Tag("it")
@Timeout(180)
final class SmallHeapTest {
  /** The volume decides; the time only bounds it on a machine that has little. */
  private static final int ATTACKS = 4_000;

  private static final long MOST_NANOS = 100_000_000_000L;
  private static final int LEAST_SERVED = 20;
  private static final int PATIENCE_MILLIS = 60_000;
  private static final String GET = "GET /users HTTP/1.1\r\nHost: db\r\n\r\n";

  /** Most connections that one attacker keeps. */
  private static final int CROWD = 2_000;

  private static final int ATTACKERS = 4;

  /** The engine: callee's port; prints its own, and then its counters for each line it reads. */
  static final class Engine {
    public static void main(String[] arguments) throws Exception {
      InetSocketAddress callee =
          new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
      try (Scene scene = new Scene(callee, "anyone may GET /users", "anyone may GET /large")) {
        scene.forgetful = true;
        for (int i = 0; i < 8; i++) {
          scene.address(Scene.EVE, i);
          scene.address(Peers.WORLD, i);
        }
        System.out.println(scene.listener.port4());
        BufferedReader in =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        while (in.readLine() != null) {
          System.out.println(scene.engine.stats());
        }
      }
    }
  }

  /** One thing that is done on a fresh connection, which is then kept. */
  private interface Attack {
    AutoCloseable begin(InetAddress from, int port, int round) throws Exception;
  }

  private static final String FIELDS = ("X: " + "y".repeat(1_000) + "\r\n").repeat(58);

  private static AutoCloseable unfinishedHead(InetAddress from, int port, int round)
      throws IOException {
    return new RawClient(from, port).send("GET /users HTTP/1.1\r\nHost: db\r\n" + FIELDS);
  }

  private static AutoCloseable heldInput(InetAddress from, int port, int round) throws IOException {
    return new RawClient(from, port)
        .send("GET /large HTTP/1.1\r\nHost: db\r\n\r\n" + GET.repeat(1_400));
  }

  private static AutoCloseable unreadAnswer(InetAddress from, int port, int round)
      throws IOException {
    return new RawClient(from, port, 4_096).send("GET /large HTTP/1.1\r\nHost: db\r\n\r\n");
  }

  private static AutoCloseable unfinishedHello(InetAddress from, int port, int round)
      throws IOException {
    byte[] hello = new byte[60_000];
    for (int at = 0; at < hello.length; at += 15_000) {
      System.arraycopy(new byte[] {22, 3, 1, 0x3a, (byte) 0x93}, 0, hello, at, 5);
    }
    System.arraycopy(new byte[] {1, 0, (byte) 0xf0, 0}, 0, hello, 5, 4);
    return new RawClient(from, port).send(hello);
  }

  private static AutoCloseable longPaths(InetAddress from, int port, int round) throws IOException {
    H2Peer client = H2Peer.client(from, port);
    client.request(1, true, "GET", "/" + round + "p".repeat(60_000)).flush();
    return client;
  }

  private static AutoCloseable manyFields(InetAddress from, int port, int round)
      throws IOException {
    H2Peer client = H2Peer.client(from, port);
    try {
      for (int stream = 1; stream < 100; stream += 2) {
        client.request(stream, true, "GET", "/large", "x" + stream, "v".repeat(60_000));
      }
      client.flush();
    } catch (IOException _) {
      // Ended for it; the socket is kept as it is.
    }
    return client;
  }

  private static AutoCloseable unfinishedFrame(InetAddress from, int port, int round)
      throws IOException {
    H2Peer client = H2Peer.client(from, port);
    client.out.writeInt(0x40_00_01);
    client.out.write(new byte[8_000]);
    client.flush();
    return client;
  }

  private static AutoCloseable idle(InetAddress from, int port, int round) throws IOException {
    return new RawClient(from, port);
  }

  @Test
  void goesOnServingOthersAtTheShippedHeapWhileAllLimitsAreFilled() throws Exception {
    byte[] large = new byte[4 << 20];
    try (ScriptedOrigin origin =
        new ScriptedOrigin(peer -> {
          for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
            if (head.startsWith("GET /large")) {
              peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + large.length + "\r\n\r\n");
              peer.out().write(large);
            } else {
              peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
          }
        })) {
      Process engine = start(origin.address().getPort());
      try (BufferedReader out =
          new BufferedReader(
              new InputStreamReader(engine.getInputStream(), StandardCharsets.UTF_8))) {
        attack(engine, out, Integer.parseInt(out.readLine()));
      } finally {
        engine.destroyForcibly().waitFor();
      }
    }
  }

  private static Process start(int callee) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-Xmx64m",
            "-Xmn10m",
            "-XX:SurvivorRatio=4",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:+UseCompactObjectHeaders",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            Engine.class.getName(),
            Integer.toString(callee))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static void attack(Process engine, BufferedReader out, int port) throws Exception {
    List<Attack> attacks =
        List.of(
            SmallHeapTest::unfinishedHead,
            SmallHeapTest::heldInput,
            SmallHeapTest::unreadAnswer,
            SmallHeapTest::unfinishedHello,
            SmallHeapTest::longPaths,
            SmallHeapTest::manyFields,
            SmallHeapTest::unfinishedFrame,
            SmallHeapTest::idle);
    AtomicBoolean over = new AtomicBoolean();
    AtomicLong begun = new AtomicLong();
    List<Thread> attackers = new ArrayList<>();
    for (int i = 0; i < ATTACKERS; i++) {
      int peer = i % 2 == 0 ? Scene.EVE : Peers.WORLD;
      int first = i * attacks.size() / ATTACKERS;
      InetAddress from =
          InetAddress.getByAddress(new byte[] {127, (byte) (peer % 100 + 10), 0, (byte) (i + 2)});
      attackers.add(Thread.ofPlatform().start(() -> fill(attacks, first, from, port, over, begun)));
    }
    String failure = "";
    long served = 0;
    long end = System.nanoTime() + MOST_NANOS;
    while ((begun.get() < ATTACKS || served < LEAST_SERVED)
        && System.nanoTime() < end
        && failure.isEmpty()) {
      try (RawClient victim = new RawClient(port)) {
        victim.socket.setSoTimeout(PATIENCE_MILLIS);
        for (int i = 0; i < 20; i++) {
          if (victim.send(GET).answer().status() != 200) {
            failure = "refused after " + served;
          }
          served++;
        }
      } catch (IOException e) {
        failure = e + " after " + served;
      }
    }
    over.set(true);
    for (Thread attacker : attackers) {
      attacker.join();
    }
    assertTrue(engine.isAlive(), "the engine has exited: " + failure);
    engine.getOutputStream().write('\n');
    engine.getOutputStream().flush();
    System.out.println(begun + " attacks, " + served + " served; " + out.readLine());
    assertEquals("", failure);
    assertTrue(begun.get() >= ATTACKS / 2 && served > 0, begun + " attacks, " + served);
  }

  private static void fill(
      List<Attack> attacks,
      int first,
      InetAddress from,
      int port,
      AtomicBoolean over,
      AtomicLong begun) {
    Deque<AutoCloseable> kept = new ArrayDeque<>();
    for (int round = 0; !over.get(); round++) {
      try {
        kept.add(attacks.get((first + round) % attacks.size()).begin(from, port, round));
        begun.incrementAndGet();
      } catch (Exception _) {
        // Turned away; tries again.
      }
      if (kept.size() > CROWD) {
        close(kept.remove());
      }
    }
    kept.forEach(SmallHeapTest::close);
  }

  private static void close(AutoCloseable one) {
    try {
      one.close();
    } catch (Exception _) {
      // Gone already.
    }
  }
}
