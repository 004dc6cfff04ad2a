package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.RawClient.Answer;
import dev.drawbridge.l7.RecordingOrigin.Seen;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What users of another engine complained of, by the numbers of Cilium's issues. */
final class ComplaintsTest {
  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  private static String request(String method, String target) {
    return method + " " + target + " HTTP/1.1\r\nHost: db\r\nContent-Length: 0\r\n\r\n";
  }

  private static int status(String rule, String method, String target) throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), rule);
        RawClient client = new RawClient(scene.listener.port4())) {
      int status = client.send(request(method, target)).answer(method.equals("HEAD")).status();
      List<Seen> seen = origin.takeSeen();
      assertEquals(status == 200 ? 1 : 0, seen.size());
      if (status == 200) {
        assertEquals(target, seen.getFirst().target());
      }
      return status;
    }
  }

  /** #13280: a path is the whole path, and a regular expression is, too; a prefix says so. */
  @Test
  void issue13280PathsAreWhole() throws Exception {
    assertEquals(200, status("app=api may GET /status", "GET", "/status"));
    assertEquals(403, status("app=api may GET /status", "GET", "/status/200"));
    assertEquals(403, status("app=api may GET /status", "GET", "/statusx"));
    assertEquals(200, status("app=api may GET /status/**", "GET", "/status/200"));
    assertEquals(403, status("app=api may GET matching /status", "GET", "/status/200"));
    assertEquals(200, status("app=api may GET matching /status/[0-9]+", "GET", "/status/200"));
  }

  /** #13280: HEAD is not GET. The query is not the path. */
  @Test
  void issue13280HeadIsNotGetAndTheQueryIsNotThePath() throws Exception {
    assertEquals(403, status("app=api may GET /status", "HEAD", "/status"));
    assertEquals(200, status("app=api may GET,HEAD /status", "HEAD", "/status"));
    assertEquals(200, status("app=api may GET /status", "GET", "/status?code=200"));
    assertEquals(403, status("app=api may GET /status", "GET", "/other?/status"));
  }

  /** #5403, #14268: what fails is passed on as it is, once, whatever the method. */
  @ParameterizedTest
  @ValueSource(ints = {500, 502, 503, 504})
  void issue5403And14268NothingIsAskedTwice(int status) throws Exception {
    for (String method : List.of("GET", "POST", "PUT", "DELETE")) {
      try (ScriptedOrigin origin =
              new ScriptedOrigin(peer -> {
                while (!peer.head().isEmpty()) {
                  peer.send("HTTP/1.1 " + status + " No\r\nContent-Length: 2\r\n\r\nno");
                }
              });
          Scene scene = new Scene(origin.address(), "app=api may ANY /**");
          RawClient client = new RawClient(scene.listener.port4())) {
        Answer answer = client.send(request(method, "/x")).answer();
        assertEquals(status, answer.status());
        assertEquals("no", answer.text());
        assertEquals(1, origin.accepted.get());
        assertEquals(1, scene.records.size());
      }
    }
  }

  /** #5403: a connection that breaks after the request is not tried again either. */
  @Test
  void issue5403AResetIsNotARetry() throws Exception {
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              peer.head();
              peer.reset();
            });
        Scene scene = new Scene(origin.address(), "app=api may ANY /**");
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(502, client.send(request("POST", "/x")).answer().status());
      assertEquals(1, origin.accepted.get());
    }
  }

  /**
   * #36427, #25613, #30406, #47277, #16599, #34001: connections that come and go fast find a port
   * each, and none is answered 503.
   */
  @Test
  void issue36427FastConnectionsFindPorts() throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), "app=api may GET /x")) {
      for (int i = 0; i < 1500; i++) {
        try (RawClient client = new RawClient(scene.listener.port4())) {
          assertEquals(200, client.send(request("GET", "/x")).answer().status(), "round " + i);
        }
      }
      assertEquals(0, scene.engine.stats().upstreamFailures());
    }
  }

  /** #11672: a WebSocket passes; its frames are WebSocketTest's. */
  @Test
  void issue11672AWebSocketPasses() throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), "app=api may GET /chat");
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(
          "GET /chat HTTP/1.1\r\nHost: db\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              + "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n");
      assertEquals(101, client.answer().status());
    }
  }

  /** #24276: CONNECT breaks nothing: it is refused by name, whatever the rules. */
  @Test
  void issue24276ConnectIsRefused() throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), "app=api may ANY /**");
        RawClient client = new RawClient(scene.listener.port4())) {
      Answer answer = client.send("CONNECT db:80 HTTP/1.1\r\nHost: db:80\r\n\r\n").answer();
      assertEquals(405, answer.status());
      assertTrue(answer.head().contains("\r\nAllow: "), answer::head);
      assertEquals(0, origin.accepted.get());
    }
  }

  /** #7717, CVE-2019-9900, CVE-2019-9901: no spelling of a path gets around a rule. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/admin",
        "/%61dmin",
        "//admin",
        "/./admin",
        "/x/../admin",
        "/x/%2e%2e/admin",
        "/x/..%2fadmin",
        "/x%2f..%2fadmin",
        "/admin;x=1",
        "/x/..;/admin",
        "/\\admin",
        "/admin/",
        "/ADMIN",
        "/admin%00",
        "/admin%",
        "http://db/admin"
      })
  void issue7717NoSpellingGetsAround(String target) throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene =
            new Scene(origin.address(), "app=api may ANY /**", "anyone may not ANY /admin/**");
        RawClient client = new RawClient(scene.listener.port4())) {
      int status = client.send(request("GET", target)).answer().status();
      assertTrue(status == 403 || status == 400, target + " was answered " + status);
      assertEquals(0, origin.takeSeen().size());
    }
  }

  /** #7717: a Host that is missing, or there twice, or not the target's, is refused. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /x HTTP/1.1\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: db\r\nHost: db\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n",
        "GET http://a/x HTTP/1.1\r\nHost: b\r\n\r\n"
      })
  void issue7717HostIsThereOnce(String head) throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), "app=api may ANY /**");
        RawClient client = new RawClient(scene.listener.port4())) {
      assertEquals(400, client.send(head).answer().status());
      assertEquals(0, origin.takeSeen().size());
    }
  }

  /** Of the same thread: {@code h2c} is not asked of a callee behind the engine's back. */
  @Test
  void upgradesToHttp2AreNotPassedOn() throws Exception {
    try (RecordingOrigin origin = new RecordingOrigin();
        Scene scene = new Scene(origin.address(), "app=api may GET /x");
        RawClient client = new RawClient(scene.listener.port4())) {
      client.send(
          "GET /x HTTP/1.1\r\nHost: db\r\nConnection: Upgrade, HTTP2-Settings\r\n"
              + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
      assertEquals(200, client.answer().status());
      String head = origin.takeSeen().getFirst().head().toLowerCase(java.util.Locale.ROOT);
      assertTrue(!head.contains("upgrade") && !head.contains("http2-settings"), head);
    }
  }
}
