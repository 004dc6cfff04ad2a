package dev.drawbridge.api.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.FakeAgentView;
import dev.drawbridge.api.server.ApiServer;
import dev.drawbridge.policy.ask.Asked;
import dev.drawbridge.policy.ask.Who;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class LocalClientTest {
  @TempDir Path directory;

  private static HttpAnswer answer(String text) throws IOException {
    return HttpAnswer.read(
        new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)), 1000);
  }

  /** Answers one connection with these bytes, then holds it open or closes it. */
  private Path serve(String bytes, boolean hold) throws IOException {
    Path socket = directory.resolve("fake.sock");
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (server;
              SocketChannel channel = server.accept()) {
            channel.read(java.nio.ByteBuffer.allocate(4096));
            channel.write(StandardCharsets.ISO_8859_1.encode(bytes));
            while (hold && channel.read(java.nio.ByteBuffer.allocate(16)) >= 0) {}
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
    return socket;
  }

  private static String message(Throwable thrown) {
    return String.valueOf(thrown.getMessage());
  }

  @Test
  void absentSocketSaysWhatWhereAndWhatToDo() {
    Path socket = directory.resolve("none.sock");
    ApiException.Unreachable thrown =
        assertThrows(ApiException.Unreachable.class, () -> new LocalClient(socket).status());
    assertTrue(
        message(thrown).contains(socket.toString())
            && message(thrown).contains("systemctl start drawbridge")
            && message(thrown).contains("--socket"),
        message(thrown));
  }

  @Test
  void deadSocketSaysThatNobodyListens() throws IOException {
    Path socket = directory.resolve("dead.sock");
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(socket));
    }
    ApiException.Unreachable thrown =
        assertThrows(ApiException.Unreachable.class, () -> new LocalClient(socket).status());
    assertTrue(message(thrown).contains("nobody listens"), message(thrown));
  }

  @Test
  void fileInsteadOfASocketIsUnreachable() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "");
    assertThrows(ApiException.Unreachable.class, () -> new LocalClient(file).status());
  }

  @Test
  void pathTooLongForASocketIsUnreachable() {
    assertThrows(
        ApiException.Unreachable.class,
        () -> new LocalClient(directory.resolve("x".repeat(200))).status());
  }

  @Test
  void silentAgentIsGivenUpOnTime() throws IOException {
    Path socket = serve("", true);
    ApiException thrown =
        assertThrows(
            ApiException.class, () -> new LocalClient(socket, Duration.ofMillis(200)).status());
    assertTrue(message(thrown).contains("did not answer within"), message(thrown));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
        "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        "SSH-2.0-OpenSSH\r\n"
      })
  void anythingButAWholeAnswerIsAnApiException(String bytes) throws IOException {
    Path socket = serve(bytes, false);
    ApiException thrown = assertThrows(ApiException.class, () -> new LocalClient(socket).status());
    assertFalse(message(thrown).isEmpty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"
      })
  void malformedHeadsAreRefused(String text) {
    assertThrows(IOException.class, () -> answer(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "g\r\nx\r\n0\r\n\r\n",
        "1\r\nxy\r\n0\r\n\r\n",
        "1\nx\r\n0\r\n\r\n",
        "-1\r\nx\r\n0\r\n\r\n",
        "3\r\nab",
        "ffffffffffff\r\n",
        "1\r\nx\r\n0\r\nTrailer: x\r\n\r\n"
      })
  void malformedChunksAreRefused(String body) {
    assertThrows(
        IOException.class,
        () -> answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body).text());
  }

  @Test
  void bodyBeyondTheLimitIsRefused() {
    String chunk = "100\r\n" + "x".repeat(256) + "\r\n";
    assertThrows(
        IOException.class,
        () ->
            answer(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + chunk.repeat(5)
                        + "0\r\n\r\n")
                .text());
  }

  @Test
  void linesAreCutAcrossChunks() throws IOException {
    HttpAnswer answer =
        answer(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\nc\nd\r\n1\r\n\n\r\n0\r\n\r\n");
    assertEquals(Optional.of("abc"), answer.line());
    assertEquals(Optional.of("d"), answer.line());
    assertEquals(Optional.empty(), answer.line());
    assertEquals(Optional.empty(), answer.line());
  }

  @Test
  void parametersArriveAsTheyWereGiven() throws IOException {
    FakeAgentView view = new FakeAgentView();
    try (ApiServer server =
        new ApiServer(
            new ApiConfig(directory.resolve("api.sock"), Optional.empty(), Optional.empty()),
            view)) {
      server.start();
      LocalClient client = new LocalClient(server.socket());
      client.verdict(
          List.of(
              "from",
              "a=x y+z&,b=\u00fc%",
              "to",
              "db",
              "method",
              "GET",
              "path",
              "/a+b?c=d&e%20",
              "header.X",
              "1;\"2\""));
      Asked asked = view.asked.getFirst();
      assertEquals("{a=x y+z&, b=\u00fc%}", ((Who.Labels) asked.from()).labels().toString());
      assertEquals("/a+b?c=d&e%20", asked.request().orElseThrow().path());
      assertEquals(List.of("1;\"2\""), asked.headers().get("x"));
      LocalClient.Refused refused =
          assertThrows(
              LocalClient.Refused.class,
              () -> client.verdict(List.of("from", "nobody", "to", "db", "port", "1")));
      assertEquals(404, refused.status());
      assertEquals("unknown-container", refused.report().code());
    }
  }
}
