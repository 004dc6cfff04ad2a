package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.CaseFiles.Case;
import dev.drawbridge.l7.RawClient.Answer;
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

/** The relay in front of a real nginx. */
@Tag("it")
final class NginxTest {
  private static final Path NGINX = Path.of("/usr/sbin/nginx");
  private static final String[] DENY_DENIED = CasesTest.DENY_DENIED;

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
    Files.writeString(root.resolve("index.html"), "hello");
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
          server { listen 127.0.0.1:%2$d; root %1$s/root;
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
        RawClient client = new RawClient(scene.listener.port4())) {
      for (int i = 0; i < 3; i++) {
        assertEquals(
            "hello", client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n").answer().text());
        assertArrayEquals(
            large, client.send("GET /large HTTP/1.1\r\nHost: a.test\r\n\r\n").answer().body());
        assertEquals(
            206,
            client
                .send("GET /large HTTP/1.1\r\nHost: a.test\r\nRange: bytes=5-99\r\n\r\n")
                .answer()
                .status());
        assertEquals(
            404, client.send("GET /none HTTP/1.1\r\nHost: a.test\r\n\r\n").answer().status());
        assertEquals(
            200, client.send("HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n").answer(true).status());
        assertEquals(
            403, client.send("GET /denied HTTP/1.1\r\nHost: a.test\r\n\r\n").answer().status());
      }
    }
  }

  @Test
  void showsNginxNothingThatIsDenied() throws Exception {
    List<Case> cases = Generated.all();
    try (Scene scene = new Scene(address, DENY_DENIED)) {
      for (Case one : cases) {
        try (RawClient client = new RawClient(scene.listener.port4())) {
          try {
            client.send(one.bytes());
          } catch (IOException _) {
            // Refused before the end.
          }
          client.endOutput();
          for (Answer answer : client.answers()) {
            assertEquals(-1, answer.text().indexOf("secret"), one.id());
          }
        }
        scene.records.clear();
      }
    }
    List<String> seen =
        Files.readAllLines(directory.resolve("access.log"), StandardCharsets.ISO_8859_1);
    assertTrue(seen.size() > 800, "only " + seen.size() + " requests");
    assertEquals(List.of(), seen.stream().filter(line -> line.contains(" /denied")).toList());
  }
}
