package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.util.internal.PlatformDependent;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Much, long, and slow: what must hold then, and that memory does not grow. */
@Tag("it")
final class EnduranceTest {
  private static final long GIBIBYTE = 1L << 30;
  private static final int BLOCK = 1 << 20;
  private static final long MOST_DIRECT_BYTES = 64L << 20;
  private static final int DENIED = 1_000_000;
  private static final int CLIENTS = 4;
  private static final int PIPELINED = 50;
  private static final long CHANGE_NANOS = 10_000_000;
  private static final int SLOW_CLIENTS = 300;

  /** Odd, so that there is a middle one. */
  private static final int ROUNDS = 5;

  /**
   * Many times what the scheduler of a busy machine does, and less than any limit of the engine.
   */
  private static final double STANDSTILL_MILLIS = 500;

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  private static byte[] block() {
    byte[] block = new byte[BLOCK];
    new Random(11).nextBytes(block);
    return block;
  }

  private static byte[] hashOfAGibibyte() throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    byte[] block = block();
    for (long at = 0; at < GIBIBYTE; at += BLOCK) {
      digest.update(block);
    }
    return digest.digest();
  }

  private static void write(OutputStream out, boolean chunked) throws IOException {
    byte[] block = block();
    byte[] size = (Integer.toHexString(BLOCK) + "\r\n").getBytes(StandardCharsets.US_ASCII);
    byte[] end = {'\r', '\n'};
    for (long at = 0; at < GIBIBYTE; at += BLOCK) {
      if (chunked) {
        out.write(size);
      }
      out.write(block);
      if (chunked) {
        out.write(end);
      }
    }
    if (chunked) {
      out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    }
    out.flush();
  }

  /** Reads a body of a gibibyte and hashes it. */
  private static byte[] read(InputStream in, boolean chunked) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    byte[] buffer = new byte[64 << 10];
    long left = chunked ? 0 : GIBIBYTE;
    while (true) {
      if (left == 0 && chunked) {
        left = Long.parseLong(line(in), 16);
        if (left == 0) {
          line(in);
          return digest.digest();
        }
      } else if (left == 0) {
        return digest.digest();
      }
      int got = in.read(buffer, 0, (int) Math.min(left, buffer.length));
      if (got < 0) {
        return digest.digest();
      }
      digest.update(buffer, 0, got);
      left -= got;
      if (left == 0 && chunked) {
        line(in);
      }
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int octet = in.read(); octet != '\n'; octet = in.read()) {
      if (octet < 0) {
        throw new IOException("ended within a line");
      }
      if (octet != '\r') {
        line.append((char) octet);
      }
    }
    return line.toString();
  }

  /** Samples direct memory until it is told to stop; the most that was seen. */
  private static final class Memory implements AutoCloseable {
    private final AtomicLong most = new AtomicLong();
    private final AtomicBoolean over = new AtomicBoolean();

    Memory() {
      Thread.ofPlatform()
          .daemon()
          .start(() -> {
            while (!over.get()) {
              most.accumulateAndGet(PlatformDependent.usedDirectMemory(), Math::max);
              LockSupport.parkNanos(CHANGE_NANOS);
            }
          });
    }

    @Override
    public void close() {
      over.set(true);
      assertTrue(most.get() < MOST_DIRECT_BYTES, "direct memory rose to " + most.get());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void carriesAGibibyteUp(boolean chunked) throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              InputStream in = new java.io.BufferedInputStream(peer.in(), 64 << 10);
              byte[] hash = read(in, chunked);
              peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + hash.length + "\r\n\r\n");
              peer.out().write(hash);
            });
        Scene scene = new Scene(origin.address(), "app=api may ANY /**");
        RawClient client = new RawClient(scene.listener.port4());
        Memory _ = new Memory()) {
      String framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: " + GIBIBYTE;
      client.send("POST /up HTTP/1.1\r\nHost: db\r\n" + framing + "\r\n\r\n");
      write(client.socket.getOutputStream(), chunked);
      assertArrayEquals(hashOfAGibibyte(), client.answer().body());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Content-Length: 1073741824", "Transfer-Encoding: chunked", "X: close"})
  void carriesAGibibyteDown(String framing) throws Exception {
    boolean chunked = framing.startsWith("Transfer");
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              peer.send("HTTP/1.1 200 OK\r\n" + framing + "\r\n\r\n");
              write(peer.out(), chunked);
            });
        Scene scene = new Scene(origin.address(), "app=api may ANY /**");
        RawClient client = new RawClient(scene.listener.port4());
        Memory _ = new Memory()) {
      client.send("GET /down HTTP/1.1\r\nHost: db\r\n\r\n");
      InputStream in = new java.io.BufferedInputStream(client.socket.getInputStream(), 64 << 10);
      String field;
      do {
        field = line(in);
      } while (!field.isEmpty());
      assertArrayEquals(hashOfAGibibyte(), read(in, chunked));
    }
  }

  @Test
  void aMillionDeniedRequestsUnderChurnNeverReachTheOrigin() throws Exception {
    String[] one = {"app=api may GET /allowed", "app=api may ANY /one/**"};
    String[] other = {"app=api may ANY /**", "anyone may not ANY /denied/**"};
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), one);
        Memory _ = new Memory()) {
      scene.forgetful = true;
      AtomicBoolean over = new AtomicBoolean();
      AtomicLong changes = new AtomicLong();
      Thread churn =
          Thread.ofPlatform()
              .start(() -> {
                long began = System.nanoTime();
                for (long i = 0; !over.get(); i++) {
                  scene.publish(i % 2 == 0 ? other : one);
                  changes.incrementAndGet();
                  LockSupport.parkNanos(began + (i + 1) * CHANGE_NANOS - System.nanoTime());
                }
              });
      AtomicLong denied = new AtomicLong();
      List<Thread> clients = new ArrayList<>();
      long start = System.nanoTime();
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(Thread.ofPlatform().start(() -> denied.addAndGet(deny(scene))));
      }
      for (Thread client : clients) {
        client.join();
      }
      over.set(true);
      churn.join();
      double seconds = (System.nanoTime() - start) / 1e9;
      System.out.printf(
          "%d denied in %.1f s under %.0f changes a second%n",
          denied.get(), seconds, changes.get() / seconds);
      assertEquals(DENIED, denied.get());
      long allowed = origin.takeSeen().stream().filter(s -> s.target().equals("/allowed")).count();
      assertEquals(DENIED / PIPELINED, allowed);
      assertEquals(0, scene.engine.stats().malformed());
    }
  }

  /** Pipelines denied requests, an allowed one after each lot; how many were answered 403. */
  private static long deny(Scene scene) {
    String lot =
        "GET /denied/x HTTP/1.1\r\nHost: db\r\n\r\n".repeat(PIPELINED)
            + "GET /allowed HTTP/1.1\r\nHost: db\r\n\r\n";
    byte[] bytes = lot.getBytes(StandardCharsets.US_ASCII);
    byte[] end = "saw GET /allowed".getBytes(StandardCharsets.US_ASCII);
    long denied = 0;
    try (RawClient client = new RawClient(scene.listener.port4())) {
      InputStream in = client.socket.getInputStream();
      byte[] buffer = new byte[256 << 10];
      for (int lots = DENIED / CLIENTS / PIPELINED; lots > 0; lots--) {
        client.send(bytes);
        int size = 0;
        while (size < end.length
            || !Arrays.equals(buffer, size - end.length, size, end, 0, end.length)) {
          int got = in.read(buffer, size, buffer.length - size);
          if (got < 0) {
            return denied;
          }
          size += got;
        }
        denied += count(buffer, size);
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return denied;
  }

  private static int count(byte[] buffer, int size) {
    String text = new String(buffer, 0, size, StandardCharsets.ISO_8859_1);
    int found = 0;
    for (int at = text.indexOf("HTTP/1.1 403 ");
        at >= 0;
        at = text.indexOf("HTTP/1.1 403 ", at + 1)) {
      found++;
    }
    return found;
  }

  /**
   * Heads, bodies and answers that crawl, each a byte now and then: nobody waits for one of them. A
   * loop that did would stand still for as long as they have. What they cost others is measured by
   * {@code bench noisy}.
   */
  @ParameterizedTest
  @ValueSource(strings = {"head", "body", "answer"})
  void nobodyWaitsForClientsThatAreSlow(String what) throws Exception {
    byte[] large = new byte[1 << 20];
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
                if (head.startsWith("GET /large")) {
                  peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + large.length + "\r\n\r\n");
                  OutputStream out = new BufferedOutputStream(peer.out());
                  out.write(large);
                  out.flush();
                } else {
                  peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                }
              }
            });
        Scene scene = new Scene(origin.address(), "app=api may ANY /**");
        Memory _ = new Memory()) {
      double[] with = new double[ROUNDS];
      for (int round = 0; round < ROUNDS; round++) {
        with[round] = p99BesideSlowClients(scene, what);
        Waiting.until("nobody is left", () -> scene.engine.stats().connections() == 0);
      }
      Arrays.sort(with);
      System.out.printf("beside slow %s: p99 in ms %s%n", what, Arrays.toString(with));
      double median = with[ROUNDS / 2];
      assertTrue(median < STANDSTILL_MILLIS, median + " ms");
    }
  }

  private static double p99BesideSlowClients(Scene scene, String what) throws Exception {
    List<RawClient> slow = new ArrayList<>();
    AtomicBoolean over = new AtomicBoolean();
    Thread crawl = null;
    try {
      for (int i = 0; i < SLOW_CLIENTS; i++) {
        RawClient client = new RawClient(scene.listener.port4(), 4096);
        slow.add(client);
        client.send(
            switch (what) {
              case "head" -> "GET /x HTTP/1.1\r\nHost: db\r\nX: ";
              case "body" -> "POST /x HTTP/1.1\r\nHost: db\r\nContent-Length: 100000\r\n\r\n";
              default -> "GET /large HTTP/1.1\r\nHost: db\r\n\r\n";
            });
      }
      crawl =
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; !over.get(); i = (i + 1) % SLOW_CLIENTS) {
                  crawl(slow.get(i), what);
                  LockSupport.parkNanos(1_000_000);
                }
              });
      return p99(scene);
    } finally {
      over.set(true);
      if (crawl != null) {
        crawl.join();
      }
      for (RawClient client : slow) {
        client.close();
      }
    }
  }

  private static void crawl(RawClient client, String what) {
    try {
      if (what.equals("answer")) {
        int _ = client.socket.getInputStream().read();
      } else {
        client.send("y");
      }
    } catch (IOException _) {
      // Timed out by the engine: slower than it bears.
    }
  }

  /** Of a thousand requests, one after the other, in milliseconds. */
  private static double p99(Scene scene) throws Exception {
    long[] nanos = new long[1000];
    try (RawClient client = new RawClient(scene.listener.port4())) {
      for (int i = 0; i < nanos.length; i++) {
        long start = System.nanoTime();
        assertEquals(200, client.send("GET /x HTTP/1.1\r\nHost: db\r\n\r\n").answer().status());
        nanos[i] = System.nanoTime() - start;
      }
    }
    Arrays.sort(nanos);
    return nanos[nanos.length * 99 / 100] / 1e6;
  }
}
