package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.H2Peer.Frame;
import dev.drawbridge.l7.streams.Sections.Section;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The HTTP/2 relay in front of a real nginx. */
@Tag("it")
final class Http2NginxTest {
  private static final Path NGINX = Path.of("/usr/sbin/nginx");
  private static final String[] DENY_DENIED = {
    "anyone may not ANY /denied*", "anyone may not ANY /denied*/**", "app=api may ANY /**"
  };

  @TempDir static Path directory;
  private static Process nginx;
  private static InetSocketAddress address;

  @BeforeAll
  static void startNginx() throws Exception {
    if (!Files.isExecutable(NGINX) && !"1".equals(System.getenv("DRAWBRIDGE_NO_SKIP"))) {
      Assumptions.abort("nginx is not installed");
    }
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    Path root = Files.createDirectories(directory.resolve("root"));
    byte[] large = new byte[5_000_000];
    new Random(1).nextBytes(large);
    Files.write(root.resolve("large"), large);
    Path configuration = directory.resolve("nginx.conf");
    Files.writeString(
        configuration,
        """
        daemon off; worker_processes 1; user root; pid %1$s/pid; error_log %1$s/error.log;
        events { worker_connections 1024; }
        http {
          log_format seen '$request';
          access_log %1$s/access.log seen;
          client_body_temp_path %1$s/body; proxy_temp_path %1$s/proxy; fastcgi_temp_path %1$s/f;
          uwsgi_temp_path %1$s/u; scgi_temp_path %1$s/s; client_max_body_size 0;
          server { listen 127.0.0.1:%2$d http2; root %1$s/root;
            location /allowed { return 200 "ok"; }
            location /denied { return 200 "secret"; } } }
        """
            .formatted(directory, port));
    nginx =
        new ProcessBuilder(NGINX.toString(), "-c", configuration.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("out").toFile())
            .start();
    Waiting.until(
        "nginx listens",
        () -> {
          try (Socket socket = new Socket(address.getAddress(), port)) {
            return socket.isConnected();
          } catch (IOException _) {
            return false;
          }
        });
  }

  @AfterAll
  static void stopNginx() throws Exception {
    if (nginx != null) {
      nginx.destroy();
      nginx.waitFor(5, TimeUnit.SECONDS);
    }
  }

  @Test
  void carriesFilesWholeOverOneConnection() throws Exception {
    byte[] large = Files.readAllBytes(directory.resolve("root/large"));
    try (Scene scene = new Scene(address, DENY_DENIED);
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      int stream = 1;
      for (int i = 0; i < 3; i++) {
        client.request(stream, true, "GET", "/large").flush();
        assertArrayEquals(large, client.answer(stream).body());
        stream += 2;
        client.request(stream, true, "GET", "/large", "range", "bytes=5-99").flush();
        assertEquals(206, client.answer(stream).status());
        stream += 2;
        assertEquals(
            404, client.request(stream, true, "GET", "/none").flush().answer(stream).status());
        stream += 2;
        assertEquals(
            200, client.request(stream, true, "HEAD", "/large").flush().answer(stream).status());
        stream += 2;
        assertEquals(
            403, client.request(stream, true, "GET", "/denied").flush().answer(stream).status());
        stream += 2;
      }
      Waiting.until("a record each", () -> scene.records.size() == 15);
    }
  }

  @Test
  void showsNginxNothingThatIsDenied() throws Exception {
    List<Section> sections = Http2CasesTest.sections();
    try (Scene scene = new Scene(address, DENY_DENIED)) {
      for (Section section : sections) {
        try (RawClient client = new RawClient(scene.listener.port4())) {
          H2Peer peer = new H2Peer(client.socket);
          try {
            client.send(section.raw());
          } catch (IOException _) {
            // Refused before the end.
          }
          client.endOutput();
          for (Frame frame : peer.rest()) {
            assertEquals(
                -1,
                new String(frame.payload(), StandardCharsets.ISO_8859_1).indexOf("secret"),
                section.id());
          }
        }
        scene.records.clear();
      }
    }
    assertTrue(sections.size() > 400, "only " + sections.size() + " streams");
    List<String> seen =
        Files.readAllLines(directory.resolve("access.log"), StandardCharsets.ISO_8859_1);
    assertEquals(List.of(), seen.stream().filter(line -> line.contains(" /denied")).toList());
  }
}
