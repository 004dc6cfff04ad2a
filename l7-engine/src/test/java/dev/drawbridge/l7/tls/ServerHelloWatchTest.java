package dev.drawbridge.l7.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ServerHelloWatchTest {
  private static final byte[] RETRY = Hellos.serverHello(Hellos.retryRandom());
  private static final byte[] TAKEN = Hellos.serverHello(new byte[32]);

  /** In pieces of that size; how many bytes had come when it was settled, or -1. */
  private static int settledAt(byte[] bytes, int size) {
    ServerHelloWatch watch = new ServerHelloWatch();
    for (int at = 0; at < bytes.length; at += size) {
      byte[] piece = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + size));
      if (watch.take(Unpooled.wrappedBuffer(piece))) {
        return at + piece.length;
      }
    }
    return -1;
  }

  private static byte[] message(byte[] record) {
    return Arrays.copyOfRange(record, 5, record.length);
  }

  @Test
  void aServerHelloSettlesWithItsRandom() {
    // Record header, message header, version, random.
    assertEquals(5 + 4 + 2 + 32, settledAt(TAKEN, 1));
    assertEquals(TAKEN.length, settledAt(TAKEN, TAKEN.length));
  }

  @Test
  void aRetryRequestSettlesNothing() {
    assertEquals(-1, settledAt(RETRY, 1));
    assertEquals(-1, settledAt(Hellos.join(RETRY, RETRY), 7));
    assertEquals(RETRY.length + 43, settledAt(Hellos.join(RETRY, TAKEN), 1));
  }

  @Test
  void aRandomThatOnlyBeginsOrEndsLikeARetrySettles() {
    for (int at : new int[] {0, 1, 30, 31}) {
      byte[] random = Hellos.retryRandom();
      random[at] ^= 1;
      assertEquals(43, settledAt(Hellos.serverHello(random), 1), "byte " + at);
    }
  }

  @Test
  void itMayBeInManyRecordsAndAfterOthers() {
    byte[] helloRequest = Hellos.records(new byte[4], 4);
    byte[] warning = {21, 3, 3, 0, 2, 1, 112};
    byte[] dummy = {20, 3, 3, 0, 1, 1};
    for (int size : new int[] {1, 3, 40}) {
      byte[] all =
          Hellos.join(
              warning,
              helloRequest,
              Hellos.records(message(RETRY), size),
              dummy,
              Hellos.records(message(TAKEN), size));
      for (int piece : List.of(1, 2, 9, all.length)) {
        assertFalse(settledAt(all, piece) < 0, size + " in pieces of " + piece);
      }
      int before = all.length - Hellos.records(message(TAKEN), size).length;
      assertEquals(-1, settledAt(Arrays.copyOf(all, before), 1));
    }
  }

  @Test
  void whatIsNotTlsSettlesNothing() {
    byte[] http = "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    assertEquals(-1, settledAt(Hellos.join(http, TAKEN), 1));
    byte[] data = Hellos.join(new byte[] {23, 3, 3}, Hellos.pair(TAKEN.length), TAKEN);
    assertEquals(-1, settledAt(data, 1));
    Random random = new Random(8446);
    byte[] noise = new byte[1 << 16];
    random.nextBytes(noise);
    noise[0] = 22;
    noise[5] = 1;
    settledAt(noise, 100);
  }
}
