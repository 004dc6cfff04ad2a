package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.l7.RawClient.Answer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies of random content, size and cut arrive as they were sent. */
final class IntegrityTest {
  private static final String[] ANYTHING = {"app=api may ANY /**"};
  private static final int[] SIZES = {
    0, 1, 2, 1000, 2047, 2048, 2049, 65_535, 65_536, 1_000_003, 3_000_000
  };

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  private static byte[] random(Random random, int size) {
    byte[] body = new byte[size];
    random.nextBytes(body);
    return body;
  }

  private static void writeInPieces(OutputStream out, byte[] bytes, Random random)
      throws IOException {
    int at = 0;
    while (at < bytes.length) {
      int size =
          Math.min(bytes.length - at, 1 + random.nextInt(random.nextBoolean() ? 50 : 70_000));
      out.write(bytes, at, size);
      out.flush();
      at += size;
    }
  }

  private static void writeChunked(OutputStream out, byte[] bytes, Random random)
      throws IOException {
    int at = 0;
    while (at < bytes.length) {
      int size =
          Math.min(bytes.length - at, 1 + random.nextInt(random.nextBoolean() ? 50 : 70_000));
      out.write((Integer.toHexString(size) + "\r\n").getBytes(StandardCharsets.US_ASCII));
      out.write(bytes, at, size);
      out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
      out.flush();
      at += size;
    }
    out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void carriesUploads(boolean chunked) throws Exception {
    Random random = new Random(7);
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), ANYTHING);
        RawClient client = new RawClient(scene.listener.port4())) {
      for (int size : SIZES) {
        byte[] body = random(random, size);
        String framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: " + size;
        client.send("POST /up HTTP/1.1\r\nHost: db\r\n" + framing + "\r\n\r\n");
        if (chunked) {
          writeChunked(client.socket.getOutputStream(), body, random);
        } else {
          writeInPieces(client.socket.getOutputStream(), body, random);
        }
        assertEquals(200, client.answer().status(), "size " + size);
        assertArrayEquals(body, origin.takeSeen().getFirst().body(), "size " + size);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"length", "chunked", "close"})
  void carriesDownloads(String framing) throws Exception {
    for (int size : SIZES) {
      Random random = new Random(size);
      byte[] body = random(random, size);
      try (ScriptedOrigin origin =
              new ScriptedOrigin(peer -> {
                while (!peer.head().isEmpty()) {
                  peer.send("HTTP/1.1 200 OK\r\n");
                  switch (framing) {
                    case "length" -> {
                      peer.send("Content-Length: " + size + "\r\n\r\n");
                      writeInPieces(peer.out(), body, random);
                    }
                    case "chunked" -> {
                      peer.send("Transfer-Encoding: chunked\r\n\r\n");
                      writeChunked(peer.out(), body, random);
                    }
                    default -> {
                      peer.send("\r\n");
                      writeInPieces(peer.out(), body, random);
                      return;
                    }
                  }
                }
              });
          Scene scene = new Scene(origin.address(), ANYTHING);
          RawClient client = new RawClient(scene.listener.port4())) {
        int rounds = framing.equals("close") ? 1 : 2;
        for (int i = 0; i < rounds; i++) {
          Answer answer = client.send("GET /down HTTP/1.1\r\nHost: db\r\n\r\n").answer();
          assertArrayEquals(body, answer.body(), "size " + size);
        }
      }
    }
  }
}
