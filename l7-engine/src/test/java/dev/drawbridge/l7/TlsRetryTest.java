package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.tls.Hellos;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIMatcher;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that asks for another hello gets none that names another server. */
final class TlsRetryTest {
  private static final String RULE = "app=api may open tls to db.internal";
  private static final byte[] HELLO = Hellos.hello("db.internal");
  private static final byte[] DUMMY = {20, 3, 3, 0, 1, 1};
  private static final byte[] EARLY = {23, 3, 3, 0, 6, 22, 3, 1, 0, 1, 1};
  private static final byte[] ALERT = {21, 3, 3, 0, 2, 1, 90};
  private static final int ACCESS_DENIED = 49;
  private static final int UNRECOGNIZED_NAME = 112;
  private static final int DECODE_ERROR = 50;

  private static TlsKeys keys;

  @TempDir static Path directory;

  @BeforeAll
  static void keys() throws Exception {
    Leaks.watch();
    keys = TlsKeys.in(directory);
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  /** A real server that shares no key with the client's first hello, and echoes. */
  private static final class RetryingServer implements AutoCloseable {
    final List<String> names = Collections.synchronizedList(new ArrayList<>());
    volatile boolean askedAgain;
    final ScriptedOrigin origin = new ScriptedOrigin(this::serve);

    RetryingServer() throws IOException {}

    private void serve(ScriptedOrigin.Peer peer) throws IOException {
      SSLEngine engine = keys.server().createSSLEngine();
      engine.setUseClientMode(false);
      SSLParameters parameters = engine.getSSLParameters();
      parameters.setProtocols(new String[] {"TLSv1.3"});
      parameters.setNamedGroups(new String[] {"secp521r1"});
      parameters.setSNIMatchers(
          List.of(
              new SNIMatcher(0) {
                @Override
                public boolean matches(SNIServerName name) {
                  return names.add(new String(name.getEncoded(), StandardCharsets.US_ASCII));
                }
              }));
      engine.setSSLParameters(parameters);
      TlsEnd end = new TlsEnd(engine, peer.in(), peer.out(), bytes -> bytes, false);
      try {
        end.handshake();
        end.write(end.read());
      } finally {
        askedAgain = end.askedAgain();
      }
    }

    @Override
    public void close() throws IOException {
      origin.close();
    }
  }

  private static TlsEnd client(RawClient raw, UnaryOperator<byte[]> change, boolean singly)
      throws IOException {
    SSLEngine engine = keys.client().createSSLEngine();
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(new String[] {"TLSv1.3"});
    parameters.setServerNames(List.of(new SNIHostName("db.internal")));
    parameters.setNamedGroups(new String[] {"x25519", "secp256r1", "secp521r1"});
    engine.setSSLParameters(parameters);
    return new TlsEnd(
        engine, raw.socket.getInputStream(), raw.socket.getOutputStream(), change, singly);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void carriesAnHonestSecondHello(boolean singly) throws Exception {
    try (RetryingServer server = new RetryingServer();
        Scene scene = new Scene(server.origin.address(), RULE);
        RawClient raw = new RawClient(scene.listener.port4())) {
      TlsEnd end = client(raw, bytes -> bytes, singly);
      end.handshake();
      end.write(new byte[] {1, 2, 3});
      assertArrayEquals(new byte[] {1, 2, 3}, end.read());
      Waiting.until("the origin's end", () -> server.origin.open.get() == 0);
      assertTrue(server.askedAgain, "no second hello was asked for");
      raw.socket.close();
      Waiting.until("a record", () -> !scene.records.isEmpty());
      assertEquals(Reason.RULE_ALLOWS, scene.records.remove().reason());
      assertEquals(List.of(), List.copyOf(scene.records));
      assertEquals(1, scene.engine.stats().requests());
    }
  }

  /** Changes the name in the second hello only; its length stays. */
  private static UnaryOperator<byte[]> lie(String other) {
    int[] hellos = new int[1];
    return bytes -> {
      String text = new String(bytes, StandardCharsets.ISO_8859_1);
      if (!text.contains("db.internal") || ++hellos[0] == 1) {
        return bytes;
      }
      return text.replace("db.internal", other).getBytes(StandardCharsets.ISO_8859_1);
    };
  }

  @ParameterizedTest
  @CsvSource({"db.example1,false", "db.example1,true", "ad.internal,false", "ad.internal,true"})
  void refusesARealSecondHelloThatNamesAnother(String other, boolean singly) throws Exception {
    try (RetryingServer server = new RetryingServer();
        Scene scene = new Scene(server.origin.address(), "app=api may open tls to *.internal");
        RawClient raw = new RawClient(scene.listener.port4())) {
      TlsEnd end = client(raw, lie(other), singly);
      SSLException alert = assertThrows(SSLException.class, end::handshake);
      String expected = other.endsWith(".internal") ? "illegal_parameter" : "access_denied";
      assertTrue(String.valueOf(alert.getMessage()).contains(expected), alert::toString);
      Waiting.until("the origin's end", () -> server.origin.open.get() == 0);
      assertTrue(server.askedAgain, "no second hello was asked for");
      assertEquals(List.of("db.internal"), server.names);
      assertEquals(2, scene.records.size());
      assertFirst(scene.records.remove(), Ending.RESET);
      AccessRecord refused = scene.records.remove();
      assertEquals(Decision.DENY, refused.decision());
      assertEquals(other.endsWith(".internal") ? Reason.NOT_TLS : Reason.NO_RULE, refused.reason());
      assertEquals(other, Scene.said(refused, "serverName"));
    }
  }

  /** What a server got that answered the first hello with that. */
  private static final class Recorder implements AutoCloseable {
    final ByteArrayOutputStream got = new ByteArrayOutputStream();
    volatile boolean reset;
    final ScriptedOrigin origin;

    Recorder(byte[] answer) throws IOException {
      origin =
          new ScriptedOrigin(peer -> {
            peer.in().readNBytes(HELLO.length);
            peer.out().write(answer);
            try {
              peer.in().transferTo(got);
            } catch (SocketException _) {
              reset = true;
            }
          });
    }

    @Override
    public void close() throws IOException {
      origin.close();
    }
  }

  private static final byte[] RETRY = Hellos.serverHello(Hellos.retryRandom());

  private static void send(RawClient client, byte[] bytes, boolean singly) throws IOException {
    if (singly) {
      client.sendSingly(bytes);
    } else {
      client.send(bytes);
    }
  }

  private static void refused(byte[] before, byte[] hello, int alert, Reason reason)
      throws Exception {
    for (boolean singly : new boolean[] {false, true}) {
      try (Recorder recorder = new Recorder(RETRY);
          Scene scene = new Scene(recorder.origin.address(), RULE);
          RawClient client = new RawClient(scene.listener.port4())) {
        send(client, HELLO, singly);
        byte[] retry = client.socket.getInputStream().readNBytes(RETRY.length);
        assertArrayEquals(RETRY, retry);
        send(client, Hellos.join(before, hello), singly);
        byte[] expected = {21, 3, 3, 0, 2, 2, (byte) alert};
        assertArrayEquals(expected, client.socket.getInputStream().readNBytes(7));
        Waiting.until("the origin's end", () -> recorder.origin.open.get() == 0);
        assertTrue(recorder.reset, "the callee was not told");
        byte[] got = recorder.got.toByteArray();
        assertTrue(got.length <= before.length, "got " + Arrays.toString(got));
        assertArrayEquals(Arrays.copyOf(before, got.length), got);
        assertEquals(2, scene.records.size());
        assertFirst(scene.records.remove(), Ending.RESET);
        AccessRecord record = scene.records.remove();
        assertEquals(Decision.DENY, record.decision());
        assertEquals(reason, record.reason());
        assertEquals("tls", record.asked().protocol());
      }
    }
  }

  @Test
  void refusesAnotherNameWhateverComesBeforeIt() throws Exception {
    byte[] lie = Hellos.hello("ad.internal");
    for (byte[] before :
        List.of(
            new byte[0],
            DUMMY,
            ALERT,
            EARLY,
            Hellos.join(DUMMY, EARLY, EARLY, ALERT),
            Hellos.hello("db.internal"))) {
      refused(before, lie, ACCESS_DENIED, Reason.NO_RULE);
    }
  }

  @Test
  void refusesAnotherNameHoweverItIsCut() throws Exception {
    byte[] message = Hellos.message(Hellos.serverName("ad.internal"));
    for (int size : new int[] {1, 4, 60}) {
      refused(DUMMY, Hellos.records(message, size), ACCESS_DENIED, Reason.NO_RULE);
    }
  }

  @Test
  void refusesASecondHelloThatHidesItsNameOrHasNone() throws Exception {
    byte[] ech = Hellos.extension(0xfe0d, new byte[8]);
    byte[] hidden = Hellos.records(Hellos.message(Hellos.serverName("db.internal"), ech), 1 << 14);
    refused(DUMMY, hidden, UNRECOGNIZED_NAME, Reason.TLS_NAME_HIDDEN);
    byte[] unnamed = Hellos.records(Hellos.message(Hellos.alpn("h2")), 1 << 14);
    refused(DUMMY, unnamed, UNRECOGNIZED_NAME, Reason.TLS_NO_NAME);
  }

  @Test
  void refusesWhatNoClientSaysBeforeItsServerHasAnswered() throws Exception {
    byte[] certificate = {22, 3, 3, 0, 4, 11, 0, 0, 0};
    refused(new byte[0], certificate, DECODE_ERROR, Reason.NOT_TLS);
    byte[] within = Hellos.records(Hellos.message(Hellos.serverName("db.internal")), 40);
    byte[] interrupted =
        Hellos.join(Arrays.copyOf(within, 45), DUMMY, Arrays.copyOfRange(within, 45, 90));
    refused(new byte[0], interrupted, DECODE_ERROR, Reason.NOT_TLS);
    byte[] sslv2 = {(byte) 0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10};
    refused(new byte[0], sslv2, DECODE_ERROR, Reason.NOT_TLS);
    byte[] large = {23, 3, 3, 0x60, 0};
    refused(new byte[0], large, DECODE_ERROR, Reason.NOT_TLS);
  }

  @Test
  void refusesASecondHelloThatDoesNotWaitForTheServer() throws Exception {
    try (Recorder recorder = new Recorder(RETRY);
        Scene scene = new Scene(recorder.origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(Hellos.join(HELLO, DUMMY, Hellos.hello("ad.internal")));
      byte[] all = client.socket.getInputStream().readAllBytes();
      assertArrayEquals(
          new byte[] {21, 3, 3, 0, 2, 2, ACCESS_DENIED},
          Arrays.copyOfRange(all, Math.max(0, all.length - 7), all.length));
      Waiting.until("both records", () -> scene.records.size() == 2);
      assertEquals(0, recorder.got.size());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void looksAtNothingOnceTheServerHasTakenAHello(boolean singly) throws Exception {
    byte[] warning = {21, 3, 3, 0, 2, 1, 112};
    byte[] taken = Hellos.join(warning, RETRY, DUMMY, Hellos.serverHello(new byte[32]));
    byte[] after = Hellos.join(Hellos.hello("ad.internal"), new byte[] {99, 1, 2, 3});
    try (Recorder recorder = new Recorder(taken);
        Scene scene = new Scene(recorder.origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      send(client, HELLO, singly);
      assertArrayEquals(taken, client.socket.getInputStream().readNBytes(taken.length));
      send(client, after, singly);
      client.endOutput();
      assertEquals(-1, client.socket.getInputStream().read());
      assertArrayEquals(after, recorder.got.toByteArray());
      Waiting.until("a record", () -> scene.records.size() == 1);
      assertFirst(scene.records.remove(), Ending.COMPLETED);
    }
  }

  /** The verdict on a first hello stands, whatever came after it. */
  private static void assertFirst(AccessRecord record, Ending how) {
    assertEquals(Decision.ALLOW, record.decision(), record::toString);
    assertEquals(Reason.RULE_ALLOWS, record.reason(), record::toString);
    assertEquals("db.internal", Scene.said(record, "serverName"));
    assertEquals(how, record.ending(), record::toString);
  }

  @Test
  void refusesASecondHelloThatDoesNotEnd() throws Exception {
    EngineLimits hasty = EngineLimits.defaults().withDetectTimeout(Duration.ofMillis(200));
    try (Recorder recorder = new Recorder(RETRY);
        Scene scene = new Scene(hasty, recorder.origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(Hellos.join(HELLO, Arrays.copyOf(HELLO, 60)));
      assertEquals(
          RETRY.length + 7, client.socket.getInputStream().readNBytes(RETRY.length + 7).length);
      Waiting.until("both records", () -> scene.records.size() == 2);
      assertFirst(scene.records.remove(), Ending.RESET);
      assertEquals(Reason.CLIENT_SILENT, scene.records.remove().reason());
      assertEquals(0, recorder.got.size());
    }
  }

  @Test
  void abortsASecondHelloThatIsCutShort() throws Exception {
    try (Recorder recorder = new Recorder(RETRY);
        Scene scene = new Scene(recorder.origin.address(), RULE);
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(HELLO);
      assertArrayEquals(RETRY, client.socket.getInputStream().readNBytes(RETRY.length));
      client.send(Arrays.copyOf(Hellos.hello("ad.internal"), 60)).endOutput();
      assertThrows(SocketException.class, () -> client.socket.getInputStream().read());
      Waiting.until("the origin's end", () -> recorder.origin.open.get() == 0);
      assertTrue(recorder.reset);
      assertEquals(0, recorder.got.size());
      Waiting.until("a record", () -> !scene.records.isEmpty());
      assertFirst(scene.records.remove(), Ending.CLIENT_GONE);
    }
  }

  @Test
  void tellsAnAuditingSideOfAnotherName() throws Exception {
    byte[] other = Hellos.hello("ad.internal");
    try (Recorder recorder = new Recorder(RETRY);
        Scene scene = new Scene(recorder.origin.address(), RULE, "mode audit");
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(Hellos.join(HELLO, other));
      assertArrayEquals(RETRY, client.socket.getInputStream().readNBytes(RETRY.length));
      client.endOutput();
      assertEquals(-1, client.socket.getInputStream().read());
      assertArrayEquals(other, recorder.got.toByteArray());
      Waiting.until("both records", () -> scene.records.size() == 2);
      AccessRecord record = scene.records.remove();
      assertFirst(scene.records.remove(), Ending.COMPLETED);
      assertTrue(record.verdict().audited());
      assertEquals(Reason.NO_RULE, record.reason());
    }
  }
}
