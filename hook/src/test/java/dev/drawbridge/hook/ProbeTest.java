package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** drawbridge-probe, both ends, and clients that are none of its own. */
final class ProbeTest {
  private static final String LOOPBACK = "127.0.0.1";

  @TempDir Path directory;
  private int counts;
  private int port;
  private Process server;

  @BeforeEach
  void serve() throws Exception {
    counts = freePort();
    port = freePort();
    server =
        new ProcessBuilder(
                Programs.PROBE.toString(), "serve", String.valueOf(counts), String.valueOf(port))
            .inheritIO()
            .start();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (ask(counts, "GET", "/").exit() != 0) {
      assertTrue(System.nanoTime() < end, "the probe does not serve");
    }
  }

  @AfterEach
  void end() throws Exception {
    server.destroy();
    assertTrue(server.waitFor(20, TimeUnit.SECONDS), "SIGTERM does not end it");
  }

  /** A port that nobody has; it may be taken before it is used, as by any test. */
  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private Programs.Outcome run(String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of(Programs.PROBE.toString()));
    command.addAll(List.of(words));
    return Programs.run(command, directory, "");
  }

  private Programs.Outcome ask(int where, String method, String target) throws Exception {
    return run("ask", LOOPBACK, String.valueOf(where), method, target);
  }

  private String counted() throws Exception {
    return ask(counts, "GET", "/").out().split("\r\n\r\n", 2)[1];
  }

  @Test
  void serverSaysWhomItSawAndCountsIt() throws Exception {
    assertEquals("0 0\n", counted());
    Programs.Outcome asked = ask(port, "POST", "/users?a=b");
    assertEquals(0, asked.exit());
    assertTrue(asked.out().startsWith("HTTP/1.1 200 OK\r\n"), asked.out());
    assertTrue(asked.out().endsWith("\r\n\r\nPOST /users?a=b from 127.0.0.1\n"), asked.out());
    assertEquals("1 1\n", counted(), "who asks for the counts is not counted");
  }

  @Test
  void aConnectionWithoutARequestIsNoRequest() throws Exception {
    try (Socket silent = new Socket(InetAddress.getLoopbackAddress(), port)) {
      silent.getOutputStream().write("GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII));
      silent.shutdownOutput();
      assertEquals(-1, silent.getInputStream().read());
    }
    assertEquals("1 0\n", counted());
  }

  @Test
  void whatIsTooLongOrNoRequestHasNoAnswer() throws Exception {
    for (String text : List.of("x".repeat(40_000), "GET\r\n\r\n", "\r\n\r\n", "GET /\r\n\r\n")) {
      try (Socket hostile = new Socket(InetAddress.getLoopbackAddress(), port)) {
        hostile.setSoTimeout(20_000);
        hostile.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        hostile.shutdownOutput();
        assertEquals(0, readAll(hostile.getInputStream()));
      } catch (SocketException _) {
        // It was reset, because not all was read.
      }
    }
    assertEquals(0, ask(port, "GET", "/still").exit());
  }

  private static int readAll(InputStream in) throws IOException {
    return in.readAllBytes().length;
  }

  @Test
  void whyThereWasNoAnswerIsSaidInOneLine() throws Exception {
    assertEquals("connect 111\n", ask(freePort(), "GET", "/").out());
    try (ServerSocket closing = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(() -> {
            try (Socket client = closing.accept()) {
              client.shutdownOutput();
              int _ = readAll(client.getInputStream());
            } catch (IOException _) {
              // The other side says what is to be said.
            }
          });
      Programs.Outcome asked = ask(closing.getLocalPort(), "GET", "/");
      assertEquals("receive 0\n", asked.out());
      assertEquals(1, asked.exit());
    }
  }

  @Test
  void whatItDoesNotKnowIsRefused() throws Exception {
    for (String[] words :
        new String[][] {
          {},
          {"serve"},
          {"serve", "1"},
          {"serve", "0", "80"},
          {"serve", "80", "65536"},
          {"ask", "localhost", "80", "GET", "/"},
          {"ask", LOOPBACK, "80x", "GET", "/"},
          {"ask", LOOPBACK, "80", "GET"},
          {"ask", LOOPBACK, "80", "GET", "/" + "x".repeat(20_000)},
          {"rest", "now"}
        }) {
      assertEquals(2, run(words).exit(), String.join(" ", words));
    }
  }
}
