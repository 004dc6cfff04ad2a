package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.H2Peer.Frame;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Windows from end to end: nobody waits for somebody else's slowness, and little is kept. */
final class Http2FlowTest {
  private static final String[] ALL = {"app=api may ANY /**"};
  private static final int FRAME = 16_384;

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  /** Sends as much on each stream as the windows let it; counts what it has sent. */
  private static ScriptedOrigin pouring(long size, AtomicLong sent) throws IOException {
    return new ScriptedOrigin(peer -> {
      H2Peer callee = H2Peer.server(peer.socket());
      long connection = 65_535;
      List<long[]> open = new ArrayList<>();
      for (Frame frame = callee.read(); frame != null; frame = callee.read()) {
        if (frame.type() == H2Peer.HEADERS) {
          callee.headers(frame.stream(), false, ":status", "200");
          open.add(new long[] {frame.stream(), 65_535, size});
        } else if (frame.type() == H2Peer.WINDOW_UPDATE && frame.stream() == 0) {
          connection += frame.number();
        } else if (frame.type() == H2Peer.WINDOW_UPDATE) {
          for (long[] stream : open) {
            stream[1] += stream[0] == frame.stream() ? frame.number() : 0;
          }
        }
        for (long[] stream : open) {
          while (stream[2] > 0 && stream[1] > 0 && connection > 0) {
            int part = (int) Math.min(Math.min(stream[1], stream[2]), Math.min(FRAME, connection));
            stream[1] -= part;
            stream[2] -= part;
            connection -= part;
            sent.addAndGet(part);
            callee.data((int) stream[0], stream[2] == 0, new byte[part]);
          }
        }
        callee.flush();
      }
    });
  }

  @Test
  void servesAStreamWhileAllOthersAreStuck() throws Exception {
    AtomicLong sent = new AtomicLong();
    try (ScriptedOrigin origin = pouring(100_000, sent);
        Scene scene = new Scene(origin.address(), ALL);
        H2Peer client = H2Peer.client(scene.listener.port4(), 4, 0)) {
      client.window(0, 1 << 30);
      client.refills = false;
      for (int i = 0; i < 90; i++) {
        client.request(2 * i + 1, true, "GET", "/stuck");
      }
      client.flush();
      // All windows of all these streams, kept in the engine; the connection's is 1 MiB.
      Waiting.until("the callee has sent what it may", () -> sent.get() == 90 * 65_535L);
      client.request(181, true, "GET", "/free").window(181, 200_000).flush();
      assertEquals(100_000, client.answer(181).body().length);
      for (int i = 0; i < 90; i++) {
        client.window(2 * i + 1, 200_000);
      }
      client.flush();
      Thread reader =
          Thread.startVirtualThread(() -> {
            List<Frame> _ = client.rest();
          });
      Waiting.until("all is sent", () -> sent.get() == 91 * 100_000L);
      client.socket.close();
      reader.join();
    }
  }

  @Test
  void goesOnWithinWindowsOfOneOctet() throws Exception {
    AtomicLong sent = new AtomicLong();
    try (ScriptedOrigin origin = pouring(500, sent);
        Scene scene = new Scene(origin.address(), ALL);
        H2Peer client = H2Peer.client(scene.listener.port4(), 4, 1)) {
      assertEquals(500, client.request(1, true, "GET", "/").flush().answer(1).body().length);
    }
  }

  @Test
  void holdsAWindowThatASettingMadeNegative() throws Exception {
    AtomicLong sent = new AtomicLong();
    try (ScriptedOrigin origin = pouring(60_000, sent);
        Scene scene = new Scene(origin.address(), ALL);
        H2Peer client = H2Peer.client(scene.listener.port4(), 4, 50_000)) {
      client.refills = false;
      client.request(1, true, "GET", "/").flush();
      long got = 0;
      while (got < 50_000) {
        Frame frame = client.read();
        got += frame != null && frame.type() == H2Peer.DATA ? frame.payload().length : 0;
      }
      client.settings(4, 0).flush();
      client.window(1, 50_000).frame(H2Peer.PING, 0, 0, new byte[8]).flush();
      for (Frame frame = client.read(); frame != null; frame = client.read()) {
        assertTrue(frame.type() != H2Peer.DATA, "data without a window");
        if (frame.type() == H2Peer.PING) {
          break;
        }
      }
      client.window(1, 10_000).flush();
      while (got < 60_000) {
        Frame frame = client.read();
        got += frame != null && frame.type() == H2Peer.DATA ? frame.payload().length : 0;
      }
      assertEquals(60_000, got);
    }
  }

  @Tag("it")
  @Test
  void carriesAGibibyteThroughASlowReaderInConstantMemory() throws Exception {
    long size = 1L << 30;
    AtomicLong sent = new AtomicLong();
    try (ScriptedOrigin origin = pouring(size, sent);
        Scene scene = new Scene(origin.address(), ALL);
        H2Peer client = H2Peer.client(scene.listener.port4(), 4, 1 << 20)) {
      client.window(0, 1 << 20);
      client.request(1, true, "GET", "/").flush();
      long got = 0;
      long most = 0;
      int frames = 0;
      while (got < size) {
        Frame frame = client.read();
        assertTrue(frame != null && frame.type() != H2Peer.RST_STREAM, "ended after " + got);
        got += frame.type() == H2Peer.DATA ? frame.payload().length : 0;
        most = Math.max(most, sent.get() - got);
        if (++frames % 2_000 == 0) {
          LockSupport.parkNanos(20_000_000);
        }
      }
      assertEquals(size, got);
      // Sockets' buffers and windows; nothing that grows with the body.
      assertTrue(most < 24L << 20, "on its way at once: " + most);
    }
  }
}
