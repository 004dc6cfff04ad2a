package dev.drawbridge.l7.http1;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.http1.Head.Progress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RequestHeadTest {
  private static final HeadLimits LIMITS = new HeadLimits(16_384, 65_536, 1024, 8192, 256);
  private static final String HOST = "Host: a.test\r\n";

  /** What came of bytes that were given in pieces. */
  private record Outcome(Progress progress, RequestHead head, int left) {}

  private static Outcome read(String text, int... cuts) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    RequestHead head = new RequestHead(LIMITS);
    Progress progress = Progress.MORE;
    int at = 0;
    int left = 0;
    for (int i = 0; i <= cuts.length && progress == Progress.MORE; i++) {
      int end = i == cuts.length ? bytes.length : cuts[i];
      ByteBuf in = Unpooled.wrappedBuffer(bytes, at, end - at);
      progress = head.take(in);
      left = in.readableBytes() + bytes.length - end;
      at = end;
    }
    return new Outcome(progress, head, left);
  }

  /** Reads whole, cut at every place, and byte by byte; all must agree. */
  private static Outcome everyWay(String text) {
    Outcome whole = read(text);
    int[] all = new int[text.length() - 1];
    for (int cut = 1; cut < text.length(); cut++) {
      all[cut - 1] = cut;
      agree(whole, read(text, cut), text + " cut at " + cut);
    }
    agree(whole, read(text, all), text + " byte by byte");
    return whole;
  }

  private static void agree(Outcome one, Outcome other, String what) {
    assertEquals(one.progress(), other.progress(), what);
    if (one.progress() == Progress.FAULT) {
      assertEquals(one.head().fault(), other.head().fault(), what);
    }
    if (one.progress() == Progress.DONE) {
      assertEquals(one.left(), other.left(), what);
      assertEquals(rewritten(one.head()), rewritten(other.head()), what);
    }
  }

  private static String rewritten(RequestHead head) {
    ByteBuf out = new HeadWriter().request(head, ByteBufAllocator.DEFAULT, 0);
    try {
      return out.toString(StandardCharsets.ISO_8859_1);
    } finally {
      out.release();
    }
  }

  private static Fault fault(String text) {
    Outcome outcome = everyWay(text);
    assertEquals(Progress.FAULT, outcome.progress(), text);
    return outcome.head().fault();
  }

  private static RequestHead done(String text) {
    Outcome outcome = everyWay(text);
    if (outcome.progress() == Progress.FAULT) {
      throw new AssertionError(text + ": " + outcome.head().fault());
    }
    assertEquals(Progress.DONE, outcome.progress(), text);
    return outcome.head();
  }

  @Test
  void leavesWhatFollowsTheHead() {
    Outcome outcome = everyWay("GET / HTTP/1.1\r\n" + HOST + "\r\nGET /next");
    assertEquals(Progress.DONE, outcome.progress());
    assertEquals(9, outcome.left());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET / HTTP/1.1\\r\\nHost: a\\n\\r\\n|BARE_LF",
        "GET / HTTP/1.1\\n|BARE_LF",
        "GET / HTTP/1.1\\rHost: a|BARE_CR",
        "GET / HTTP/1.1\\r\\nX: a\\rb\\r\\n|BARE_CR",
        "\\r\\n\\r\\nGET / HTTP/1.1\\r\\n|EMPTY_START_LINE",
        "GET  / HTTP/1.1\\r\\n|START_LINE",
        "GET / HTTP/1.1 \\r\\n|START_LINE",
        "GET /\\r\\n|START_LINE",
        "GET\\r\\n|START_LINE",
        "' GET / HTTP/1.1\\r\\n'|METHOD",
        "G(T / HTTP/1.1\\r\\n|METHOD",
        "GET\\t/ HTTP/1.1\\r\\n|METHOD",
        "GET / HTTP/1.2\\r\\n|VERSION_UNSUPPORTED",
        "PRI * HTTP/2.0\\r\\n|VERSION_UNSUPPORTED",
        "GET / http/1.1\\r\\n|VERSION",
        "GET / HTTP/1.10\\r\\n|VERSION",
        "GET / HTTP/1.1\\t\\r\\n|VERSION",
        "CONNECT a.test:80 HTTP/1.1\\r\\n|CONNECT",
        "connect a.test:80 HTTP/1.1\\r\\n|CONNECT",
        "GET * HTTP/1.1\\r\\n|TARGET",
        "GET a HTTP/1.1\\r\\n|TARGET",
        "GET https://a.test/ HTTP/1.1\\r\\n|TARGET",
        "GET http://u@a.test/ HTTP/1.1\\r\\n|TARGET",
        "GET http:// HTTP/1.1\\r\\n|TARGET",
        "GET /\\351 HTTP/1.1\\r\\n|TARGET",
        "GET /a#b HTTP/1.1\\r\\n|TARGET_FRAGMENT",
        "GET /a?b#c HTTP/1.1\\r\\n|TARGET_FRAGMENT",
        "GET /% HTTP/1.1\\r\\n|TARGET_ESCAPE",
        "GET /%4 HTTP/1.1\\r\\n|TARGET_ESCAPE",
        "GET /%zz HTTP/1.1\\r\\n|TARGET_ESCAPE",
        "GET /%u002e HTTP/1.1\\r\\n|TARGET_ESCAPE",
        "GET /a%00b HTTP/1.1\\r\\n|TARGET_ESCAPE",
        "GET /%c0%af HTTP/1.1\\r\\n|TARGET_ESCAPE",
        "GET /%e0%80%af HTTP/1.1\\r\\n|TARGET_ESCAPE",
        "GET / HTTP/1.1\\r\\n folded\\r\\n|OBS_FOLD",
        "GET / HTTP/1.1\\r\\nA: b\\r\\n\\tc\\r\\n|OBS_FOLD",
        "GET / HTTP/1.1\\r\\nHost : a\\r\\n|FIELD_NAME",
        "GET / HTTP/1.1\\r\\n: a\\r\\n|FIELD_NAME",
        "GET / HTTP/1.1\\r\\nabc\\r\\n|FIELD_NAME",
        "GET / HTTP/1.1\\r\\nA: b\\0\\r\\n|CONTROL_CHARACTER",
        "GET / HTTP/1.1\\r\\nA: b\\177\\r\\n|CONTROL_CHARACTER",
        "GET / HTTP/1.1\\r\\n\\r\\n|HOST_MISSING",
        "GET / HTTP/1.1\\r\\nHost: a\\r\\nhost: a\\r\\n\\r\\n|HOST_REPEATED",
        "GET / HTTP/1.1\\r\\nHost:\\r\\n\\r\\n|HOST",
        "GET / HTTP/1.1\\r\\nHost: a b\\r\\n\\r\\n|HOST",
        "GET / HTTP/1.1\\r\\nHost: a,b\\r\\n\\r\\n|HOST",
        "GET / HTTP/1.1\\r\\nHost: a@b\\r\\n\\r\\n|HOST",
        "GET / HTTP/1.1\\r\\nHost: a:99999\\r\\n\\r\\n|HOST",
        "GET / HTTP/1.1\\r\\nHost: :80\\r\\n\\r\\n|HOST",
        "GET / HTTP/1.1\\r\\nHost: [::1\\r\\n\\r\\n|HOST",
        "GET http://b/ HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n|TARGET_AUTHORITY",
        "POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1\\r\\nContent-Length: 1\\r\\n\\r\\n|LENGTH_REPEATED",
        "POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: +1\\r\\n\\r\\n|LENGTH",
        "POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length:\\r\\n\\r\\n|LENGTH",
        "POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1, 1\\r\\n\\r\\n|LENGTH",
        "POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 9223372036854775808\\r\\n\\r\\n|LENGTH",
        "POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n|LENGTH_AND_CODING",
        "POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: gzip, chunked\\r\\n\\r\\n|CODING",
        "POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: chunked,\\r\\n\\r\\n|CODING",
        "POST / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: chunked\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n|CODING_REPEATED",
        "POST / HTTP/1.0\\r\\nHost: a\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n|CODING_VERSION",
        "GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close, Host\\r\\n\\r\\n|CONNECTION",
        "GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: a b\\r\\n\\r\\n|CONNECTION",
      })
  void refusesWhatTwoReadersCouldReadApart(String escaped, Fault expected) {
    assertEquals(expected, fault(unescaped(escaped)));
  }

  /** Escapes for what the annotation cannot hold, {@code \\0} among them. */
  private static String unescaped(String text) {
    return text.translateEscapes();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/a|b", "/a?b=%", "/a?q={x}^", "/a;b=c", "/caf%C3%A9", "/a%20b", "//a"})
  void takesTargetsThatHonestClientsSend(String target) {
    RequestHead head = done("GET " + target + " HTTP/1.1\r\n" + HOST + "\r\n");
    assertTrue(rewritten(head).startsWith("GET " + target + " HTTP/1.1\r\n"), target);
  }

  @Test
  void sendsAbsoluteTargetsOnAsTheyAreForAForwardProxyIsAskedSo() {
    for (String target : List.of("http://A.test:80/x?y", "HTTP://a.test/")) {
      RequestHead head = done("GET " + target + " HTTP/1.1\r\n" + HOST + "\r\n");
      assertTrue(rewritten(head).startsWith("GET " + target + " HTTP/1.1\r\n"), target);
      assertEquals(target.contains("x") ? "/x" : "/", head.path());
    }
    RequestHead server = done("OPTIONS http://a.test HTTP/1.1\r\n" + HOST + "\r\n");
    assertTrue(rewritten(server).startsWith("OPTIONS * HTTP/1.1\r\n"));
    assertEquals("*", server.path());
  }

  /** Some servers look for the path behind the first slash, wherever that is. */
  @Test
  void givesAnAbsoluteTargetWithoutAPathTheOneThatIsJudged() {
    for (String query : List.of("", "?y", "?/secret", "?y/secret")) {
      RequestHead head = done("GET http://a.test" + query + " HTTP/1.1\r\n" + HOST + "\r\n");
      assertEquals("/", head.path());
      String sent = "GET http://a.test/" + query + " HTTP/1.1\r\n";
      assertTrue(rewritten(head).startsWith(sent), query);
    }
  }

  @Test
  void dropsHopByHopAndOwnFieldsAndWhatConnectionNames() {
    String out =
        rewritten(
            done(
                "GET / HTTP/1.1\r\n"
                    + HOST
                    + "Connection: X-Hop, Keep-Alive\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nX-Stay:  2 \r\n"
                    + "X_Drawbridge_Identity: admin\r\ndrawbridge-request-id: 1\r\n"
                    + "Content_Length: 5\r\nUpgrade: h2c\r\nHTTP2-Settings: A\r\nExpect: x\r\n\r\n"));
    assertEquals("GET / HTTP/1.1\r\nHost: a.test\r\nX-Stay: 2\r\n\r\n", out);
  }

  @Test
  void showsThePolicyOnlyWhatIsSentOn() {
    RequestHead head =
        done("GET / HTTP/1.1\r\n" + HOST + "Connection: X-Reason\r\nX-Reason: 1\r\n\r\n");
    assertEquals(List.of(), head.request(80).headers().all("x-reason"));
  }

  @Test
  void showsThePolicyEveryValueOfAHeader() {
    RequestHead head =
        done("GET / HTTP/1.1\r\n" + HOST + "X-Role: user\r\nx-role: admin, b\r\n\r\n");
    assertEquals(List.of("user", "admin, b"), head.request(80).headers().all("x-role"));
  }

  @ParameterizedTest
  @CsvSource({"A.TEST,a.test", "a.test.:8080,a.test", "a.test:80,a.test", "a.test:,a.test"})
  void comparesHostsInOneSpelling(String sent, String compared) {
    assertEquals(
        compared, done("GET / HTTP/1.1\r\nHost: " + sent + "\r\n\r\n").request(8080).host());
  }

  @Test
  void knowsWhenTheConnectionEnds() {
    assertTrue(done("GET / HTTP/1.0\r\n\r\n").closes());
    assertFalse(done("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").closes());
    assertTrue(done("GET / HTTP/1.1\r\n" + HOST + "Connection: a, CLOSE\r\n\r\n").closes());
    assertFalse(done("GET / HTTP/1.1\r\n" + HOST + "\r\n").closes());
  }

  @Test
  void letsOnlyWebSocketUpgradesThrough() {
    String upgrade = "Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n\r\n";
    assertTrue(done("GET / HTTP/1.1\r\n" + HOST + upgrade).websocket());
    assertFalse(done("POST / HTTP/1.1\r\n" + HOST + upgrade).websocket());
    assertFalse(done("GET / HTTP/1.0\r\n" + HOST + upgrade).websocket());
    assertFalse(done("GET / HTTP/1.1\r\n" + HOST + "Upgrade: websocket\r\n\r\n").websocket());
  }

  @Test
  void namesTheLimitThatWasPassed() {
    String longPath = "/" + "a".repeat(8000);
    assertEquals(
        Progress.DONE, read("GET " + longPath + " HTTP/1.1\r\n" + HOST + "\r\n").progress());
    assertEquals(Fault.REQUEST_LINE_LENGTH, read("GET /" + "a".repeat(17_000)).head().fault());
    assertEquals(
        Fault.HEAD_LENGTH,
        read("GET / HTTP/1.1\r\n" + HOST + "X: " + "a".repeat(66_000)).head().fault());
    assertEquals(
        Progress.DONE,
        read("GET / HTTP/1.1\r\n" + HOST + "X: " + "a".repeat(65_000) + "\r\n\r\n").progress());
    assertEquals(
        Fault.FIELD_COUNT, read("GET / HTTP/1.1\r\n" + "A: b\r\n".repeat(1025)).head().fault());
  }

  @Test
  void neverThrowsAndAgreesWithItselfOnMutatedHeads() {
    String seed =
        "POST /a/b?c=%20 HTTP/1.1\r\nHost: a.test:80\r\nContent-Length: 5\r\nX: y, z\r\n"
            + "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n";
    Random random = new Random(20_261_123);
    String alphabet = "\r\n\t \0:;,%/?#\\.azAZ09\u00e9\u007f";
    for (int round = 0; round < 4000; round++) {
      StringBuilder text = new StringBuilder(seed);
      for (int i = random.nextInt(4); i >= 0; i--) {
        int at = random.nextInt(text.length());
        char other = alphabet.charAt(random.nextInt(alphabet.length()));
        switch (random.nextInt(3)) {
          case 0 -> text.setCharAt(at, other);
          case 1 -> text.insert(at, other);
          default -> text.deleteCharAt(at);
        }
      }
      String mutated = text.toString();
      Outcome whole = read(mutated);
      agree(whole, read(mutated, 1 + random.nextInt(mutated.length() - 1)), mutated);
      if (whole.progress() == Progress.DONE) {
        // What is sent on reads the same again, and changes no more.
        String once = rewritten(whole.head());
        Outcome again = read(once);
        assertEquals(Progress.DONE, again.progress(), mutated);
        assertEquals(once, rewritten(again.head()), mutated);
      }
    }
  }
}
