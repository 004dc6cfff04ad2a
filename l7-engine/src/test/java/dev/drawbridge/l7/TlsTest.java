package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.RawClient.Answer;
import dev.drawbridge.l7.tls.Hellos;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS through the engine: real handshakes, judged by the name and carried as they are. */
final class TlsTest {
  private static final String RULE = "app=api may open tls to *.internal";
  private static final byte[] ACCESS_DENIED = {21, 3, 3, 0, 2, 2, 49};
  private static final byte[] UNRECOGNIZED_NAME = {21, 3, 3, 0, 2, 2, 112};
  private static final byte[] DECODE_ERROR = {21, 3, 3, 0, 2, 2, 50};

  private static SSLContext server;
  private static SSLContext client;

  @TempDir static Path directory;

  @BeforeAll
  static void keys() throws Exception {
    Leaks.watch();
    TlsKeys keys = TlsKeys.in(directory);
    server = keys.server();
    client = keys.client();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  /** Sends back what it gets, encrypted. */
  private static final class Echo implements AutoCloseable {
    private final SSLServerSocket listener;

    Echo() throws IOException {
      listener =
          (SSLServerSocket)
              server
                  .getServerSocketFactory()
                  .createServerSocket(0, 16, InetAddress.getLoopbackAddress());
      Thread.ofPlatform().daemon().start(this::serve);
    }

    private void serve() {
      while (!listener.isClosed()) {
        try {
          SSLSocket socket = (SSLSocket) listener.accept();
          Thread.ofVirtual().start(() -> echo(socket));
        } catch (IOException _) {
          return;
        }
      }
    }

    private static void echo(SSLSocket socket) {
      try (socket) {
        socket.getInputStream().transferTo(socket.getOutputStream());
      } catch (IOException _) {
        // The test sees at its own end what became of the connection.
      }
    }

    InetSocketAddress address() {
      return new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort());
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }

  private static SSLSocket connect(Scene scene, String name, String version) throws IOException {
    SSLSocket socket =
        (SSLSocket)
            client
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), scene.listener.port4());
    socket.setSoTimeout(10_000);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setServerNames(name.isEmpty() ? List.of() : List.of(new SNIHostName(name)));
    parameters.setProtocols(new String[] {version});
    parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
    socket.setSSLParameters(parameters);
    return socket;
  }

  /** Before its block ends. */
  private static void hangUp(Socket socket) throws IOException {
    socket.close();
  }

  private static AccessRecord onlyRecord(Scene scene) throws Exception {
    Waiting.until("a record", () -> !scene.records.isEmpty());
    assertEquals(1, scene.records.size(), scene.records::toString);
    return scene.records.remove();
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void carriesWhatIsNamedAndShowsNameAndProtocols(String version) throws Exception {
    try (Echo echo = new Echo();
        Scene scene = new Scene(echo.address(), RULE);
        SSLSocket socket = connect(scene, "db.internal", version)) {
      byte[] sent = new byte[300_000];
      new java.util.Random(5).nextBytes(sent);
      Thread writer = Thread.ofVirtual().start(() -> write(socket, sent));
      assertArrayEquals(sent, socket.getInputStream().readNBytes(sent.length));
      writer.join();
      hangUp(socket);
      AccessRecord record = onlyRecord(scene);
      assertEquals("tls", record.asked().protocol());
      assertEquals("tls db.internal alpn=h2,http/1.1", record.asked().text());
      assertEquals("db.internal", Scene.said(record, "serverName"));
      assertEquals(List.of("h2", "http/1.1"), Scene.said(record, "alpn"));
      assertTrue(record.requestBytes() > sent.length && record.responseBytes() > sent.length);
      assertEquals(Decision.ALLOW, record.decision());
      assertEquals(Reason.RULE_ALLOWS, record.reason());
    }
  }

  private static void write(SSLSocket socket, byte[] bytes) {
    try {
      socket.getOutputStream().write(bytes);
    } catch (IOException _) {
      // The reader fails then.
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void refusesAnotherNameByAnAlertAtOnce(String version) throws Exception {
    try (Echo echo = new Echo();
        Scene scene = new Scene(echo.address(), RULE);
        SSLSocket socket = connect(scene, "db.example", version)) {
      SSLException refused = assertThrows(SSLException.class, socket::startHandshake);
      assertTrue(String.valueOf(refused.getMessage()).contains("access_denied"), refused::toString);
      AccessRecord record = onlyRecord(scene);
      assertEquals(Reason.NO_RULE, record.reason());
      assertEquals("tls db.example alpn=h2,http/1.1", record.asked().text());
      Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
    }
  }

  @Test
  void refusesAClientThatNamesNobody() throws Exception {
    try (Echo echo = new Echo();
        Scene scene = new Scene(echo.address(), "app=api may open tls to **");
        SSLSocket socket = connect(scene, "", "TLSv1.3")) {
      SSLException refused = assertThrows(SSLException.class, socket::startHandshake);
      assertTrue(
          String.valueOf(refused.getMessage()).contains("unrecognized_name"), refused::toString);
      assertEquals(Reason.TLS_NO_NAME, onlyRecord(scene).reason());
    }
  }

  private static Reason refused(byte[] bytes, byte[] alert, String... rules) throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(origin.address(), rules);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.sendSingly(bytes);
      assertArrayEquals(alert, client.socket.getInputStream().readAllBytes());
      assertEquals(0, origin.accepted.get());
      AccessRecord record = onlyRecord(scene);
      assertEquals(Decision.DENY, record.decision());
      return record.reason();
    }
  }

  @Test
  void refusesAHiddenName() throws Exception {
    byte[] hidden = Hellos.extension(0xfe0d, new byte[8]);
    byte[] hello =
        Hellos.records(Hellos.message(Hellos.serverName("db.internal"), hidden), 1 << 14);
    assertEquals(Reason.TLS_NAME_HIDDEN, refused(hello, UNRECOGNIZED_NAME, RULE));
  }

  @Test
  void refusesAnAddressForAName() throws Exception {
    byte[] hello = Hellos.hello("127.0.0.1");
    assertEquals(
        Reason.TLS_NO_NAME, refused(hello, UNRECOGNIZED_NAME, "app=api may open tls to **"));
  }

  @Test
  void refusesTlsWhereAnHttpRuleDecides() throws Exception {
    assertEquals(
        Reason.TLS_UNDER_HTTP_RULE,
        refused(Hellos.hello("db.internal"), ACCESS_DENIED, "app=api may GET /users"));
  }

  @Test
  void refusesTlsWithoutANameWhereAnHttpRuleDecidesByTheRule() throws Exception {
    byte[] unnamed = Hellos.records(Hellos.message(Hellos.alpn("h2")), 1 << 14);
    assertEquals(
        Reason.TLS_UNDER_HTTP_RULE, refused(unnamed, UNRECOGNIZED_NAME, "app=api may GET /users"));
  }

  @Test
  void refusesAHelloThatServersReadDifferently() throws Exception {
    byte[] twice =
        Hellos.records(
            Hellos.message(Hellos.serverName("db.internal"), Hellos.serverName("x.internal")),
            1 << 14);
    assertEquals(Reason.NOT_TLS, refused(twice, DECODE_ERROR, RULE));
  }

  @Test
  void tellsAnHttpClientThatTlsIsWanted() throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      Answer answer = client.send("GET / HTTP/1.1\r\nHost: db\r\n\r\n").answer();
      assertEquals(403, answer.status());
      assertTrue(answer.text().contains("\"reason\":\"not-tls\""), answer::text);
      assertEquals(Reason.NOT_TLS, onlyRecord(scene).reason());
    }
  }

  /** SPEC T5: PostgreSQL's SSLRequest, and STARTTLS. */
  @ParameterizedTest
  @ValueSource(strings = {"\0\0\0\b\u0004\u00d2\u0016/", "EHLO client.example\r\nSTARTTLS\r\n"})
  void whoFirstAsksWhetherTlsIsSpokenIsNotTlsAndGetsNothingOfHttp(String opening) throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(opening.getBytes(StandardCharsets.ISO_8859_1)).endOutput();
      assertEquals(List.of(), client.answers());
      assertEquals(Reason.NOT_TLS, onlyRecord(scene).reason());
      assertEquals(0, origin.accepted.get());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"SSH-2.0-x\r\n", "\u0080.\u0001\u0003\u0001"})
  void refusesWhatIsNeitherTlsNorHttp(String bytes) throws Exception {
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(bytes.getBytes(StandardCharsets.ISO_8859_1)).endOutput();
      client.answers();
      assertEquals(Decision.DENY, onlyRecord(scene).decision());
      assertEquals(0, origin.accepted.get());
    }
  }

  @Test
  void closesAHelloThatDoesNotEnd() throws Exception {
    EngineLimits hasty = EngineLimits.defaults().withDetectTimeout(Duration.ofMillis(200));
    try (ScriptedOrigin origin = new ScriptedOrigin(peer -> peer.in().readAllBytes());
        Scene scene = new Scene(hasty, origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(java.util.Arrays.copyOf(Hellos.hello("db.internal"), 60));
      assertArrayEquals(ACCESS_DENIED, client.socket.getInputStream().readAllBytes());
      assertEquals(Reason.CLIENT_SILENT, onlyRecord(scene).reason());
      assertEquals(0, origin.accepted.get());
    }
  }

  @Test
  void passesTheHelloOnAsItCame() throws Exception {
    byte[] hello =
        Hellos.records(Hellos.message(Hellos.serverName("db.internal"), Hellos.alpn("h2")), 9);
    byte[] early = {23, 3, 3, 0, 4, 1, 2, 3, 4};
    byte[] all = Hellos.join(hello, early);
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              byte[] got = peer.in().readNBytes(all.length);
              peer.out().write(got);
              peer.in().readAllBytes();
            });
        Scene scene = new Scene(origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.sendSingly(all);
      assertArrayEquals(all, client.socket.getInputStream().readNBytes(all.length));
      client.endOutput();
      assertEquals(-1, client.socket.getInputStream().read());
    }
  }

  @Test
  void abortsWhatANewPolicyDeniesByName() throws Exception {
    try (Echo echo = new Echo();
        Scene scene = new Scene(echo.address(), RULE);
        SSLSocket socket = connect(scene, "db.internal", "TLSv1.3")) {
      socket.getOutputStream().write('x');
      assertEquals('x', socket.getInputStream().read());
      scene.publish("app=api may open tls to db.internal");
      socket.getOutputStream().write('y');
      assertEquals('y', socket.getInputStream().read());
      scene.publish("app=api may open tls to other.internal");
      assertThrows(SocketException.class, () -> socket.getInputStream().read());
      AccessRecord record = onlyRecord(scene);
      assertEquals(Reason.LATE_DENY, record.reason());
      assertEquals(Ending.RESET, record.ending());
      Waiting.until("no connection", () -> scene.engine.stats().connections() == 0);
    }
  }

  @Test
  void carriesWhatAnAuditingSideWouldDeny() throws Exception {
    for (String name : List.of("db.example", "")) {
      try (Echo echo = new Echo();
          Scene scene = new Scene(echo.address(), RULE, "mode audit");
          SSLSocket socket = connect(scene, name, "TLSv1.3")) {
        socket.getOutputStream().write('x');
        assertEquals('x', socket.getInputStream().read());
        hangUp(socket);
        AccessRecord record = onlyRecord(scene);
        assertTrue(record.verdict().audited());
        assertEquals(name.isEmpty() ? Reason.TLS_NO_NAME : Reason.NO_RULE, record.reason());
      }
    }
  }

  @Test
  void judgesClearAndEncryptedRequestsOnOnePort() throws Exception {
    try (Echo echo = new Echo();
        Scene scene = new Scene(echo.address(), RULE, "app=api may GET /users");
        RawClient clear = new RawClient(scene.listener.port4());
        SSLSocket socket = connect(scene, "db.internal", "TLSv1.3")) {
      socket.getOutputStream().write('x');
      assertEquals('x', socket.getInputStream().read());
      assertEquals(403, clear.send("GET /no HTTP/1.1\r\nHost: db\r\n\r\n").answer().status());
    }
  }
}
