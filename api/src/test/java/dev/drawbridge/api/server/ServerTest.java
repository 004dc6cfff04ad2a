package dev.drawbridge.api.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.Caller;
import dev.drawbridge.api.FakeAgentView;
import dev.drawbridge.api.question.VerdictQuestion;
import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.api.report.ErrorReport;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.Outcome;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.api.report.VerdictReport;
import dev.drawbridge.policy.ask.Asked;
import dev.drawbridge.policy.ask.Who;
import dev.drawbridge.policy.kafka.KafkaAsk;
import dev.drawbridge.policy.tls.TlsAsk;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerTest {
  @TempDir Path directory;
  private final FakeAgentView view = new FakeAgentView();
  private ApiServer server = new ApiServer(ApiConfig.defaults(), view);
  private int port;

  @BeforeEach
  void start() throws ApiException {
    server =
        new ApiServer(
            new ApiConfig(
                directory.resolve("d/api.sock"),
                Optional.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0)),
                Optional.empty()),
            view);
    server.start();
    port = server.tcpPort().orElseThrow();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private String request(String line, String... headers) throws IOException {
    StringBuilder text =
        new StringBuilder(line + "\r\nHost: 127.0.0.1:" + port + "\r\nConnection: close\r\n");
    for (String header : headers) {
      text.append(header).append("\r\n");
    }
    return RawHttp.tcp(port, text.append("\r\n").toString());
  }

  private String get(String target) throws IOException {
    return RawHttp.unix(
        server.socket(),
        "GET " + target + " HTTP/1.1\r\nHost: drawbridge\r\nConnection: close\r\n\r\n");
  }

  private String tcp(String target) throws IOException {
    return request("GET " + target + " HTTP/1.1");
  }

  private static String code(String reply) {
    return Json.read(RawHttp.body(reply), ErrorReport.class).code();
  }

  @Test
  void answersStatusOnTcp() throws IOException {
    String reply = tcp("/v1/status");
    assertEquals(200, RawHttp.status(reply));
    assertEquals(Loopback.of(view.status()), Json.read(RawHttp.body(reply), StatusReport.class));
  }

  @Test
  void answersStatusOnTheUnixSocket() throws IOException {
    String reply =
        RawHttp.unix(
            server.socket(),
            "GET /v1/status HTTP/1.1\r\nHost: drawbridge\r\nConnection: close\r\n\r\n");
    assertEquals(view.status(), Json.read(RawHttp.body(reply), StatusReport.class));
  }

  @Test
  void aCallerThatIsNotAdmittedGetsNothingByEitherWay() throws IOException {
    view.admitted = caller -> false;
    String request = "GET /v1/status HTTP/1.1\r\nHost: drawbridge\r\nConnection: close\r\n\r\n";
    String reply = RawHttp.unix(server.socket(), request);
    assertEquals(403, RawHttp.status(reply), reply);
    assertEquals("container-not-allowed", Json.read(RawHttp.body(reply), ErrorReport.class).code());
    assertEquals(403, RawHttp.status(tcp("/v1/status")));
  }

  @Test
  void callersAreToldByProcessOrByAddress() throws IOException {
    List<Caller> seen = new java.util.concurrent.CopyOnWriteArrayList<>();
    view.admitted = seen::add;
    String request = "GET /v1/status HTTP/1.1\r\nHost: drawbridge\r\nConnection: close\r\n\r\n";
    assertEquals(200, RawHttp.status(RawHttp.unix(server.socket(), request)));
    assertEquals(200, RawHttp.status(tcp("/v1/status")));
    assertEquals(new Caller.Local((int) ProcessHandle.current().pid()), seen.getFirst());
    assertTrue(
        seen.getLast() instanceof Caller.Remote remote
            && remote.address().getAddress().isLoopbackAddress());
  }

  @Test
  void answersEndpoints() throws IOException {
    assertEquals(
        view.endpoints(), Json.readList(RawHttp.body(get("/v1/endpoints")), EndpointReport.class));
  }

  @Test
  void answersProblems() throws IOException {
    assertEquals(
        view.problems(), Json.readList(RawHttp.body(get("/v1/problems")), ProblemReport.class));
  }

  @Test
  void answersMetricsAsPrometheusText() throws IOException {
    String reply = get("/metrics");
    assertTrue(reply.contains("text/plain; version=0.0.4"), reply);
    assertTrue(reply.contains("drawbridge_verdicts_total{verdict=\"deny\"} 3.0"), reply);
  }

  @Test
  void answersTheIndexWithEveryPath() throws IOException {
    String body = RawHttp.body(get("/"));
    new Routes(view).all().forEach(r -> assertTrue(body.contains("\"" + r.path() + "\""), body));
  }

  @Test
  void everyAnswerTellsBrowsersToKeepOut() throws IOException {
    for (String target :
        List.of("/", "/v1/status", "/metrics", "/openapi.json", "/nothing", "/v1/flows?last=x")) {
      String reply = get(target);
      assertTrue(
          reply.contains("nosniff")
              && reply.contains("default-src 'none'")
              && reply.contains("no-store"),
          reply);
      assertFalse(reply.toLowerCase(java.util.Locale.ROOT).contains("access-control"), reply);
    }
  }

  @Test
  void verdictOfIssueExample() throws IOException {
    String reply = get("/v1/verdict?from=app%3Dapi&to=app%3Ddb&method=GET&path=/users");
    VerdictReport report = Json.read(RawHttp.body(reply), VerdictReport.class);
    assertEquals(Outcome.ALLOW, report.verdict());
    assertEquals("drawbridge.policy.read", report.rule().orElseThrow().origin());
    assertEquals(new Who.Labels(FakeAgentView.labels("api")), view.asked.getFirst().from());
  }

  @Test
  void verdictPassesHeadersHostPortAndProtocol() throws IOException {
    get(
        "/v1/verdict?from=api&to=10.0.0.7&method=GET&path=/a%2520b&port=8080&protocol=tcp&host=shop&header.X-Reason=a&header.X-Reason=b%20c");
    Asked asked = view.asked.getFirst();
    assertEquals(new Who.Address("10.0.0.7"), asked.to());
    assertEquals("/a%20b", asked.request().orElseThrow().path());
    assertEquals(8080, asked.port());
    assertEquals(Optional.of("shop"), asked.host());
    assertEquals(List.of("a", "b c"), asked.headers().get("x-reason"));
  }

  @Test
  void verdictPassesTheServerNameInLowerCase() throws IOException {
    get("/v1/verdict?from=api&to=db&sni=Db.Internal");
    assertEquals(Optional.of(new TlsAsk("db.internal")), view.asked.getFirst().ask());
    assertEquals(0, view.asked.getFirst().port());
  }

  @Test
  void verdictPassesWhatIsAskedOfKafka() throws IOException {
    get("/v1/verdict?from=api&to=db&kafka=consume&topic=incoming");
    get("/v1/verdict?from=api&to=db&kafka=produce&topic=incoming&transaction=pay-1&port=9092");
    get("/v1/verdict?from=api&to=db&kafka=consume&group=g");
    get("/v1/verdict?from=api&to=db&kafka=administer");
    assertEquals(
        List.of(
            KafkaAsk.consume("incoming"),
            new KafkaAsk(KafkaAsk.Right.PRODUCE, "incoming", "pay-1"),
            KafkaAsk.of(KafkaAsk.Right.GROUP, "g"),
            KafkaAsk.of(KafkaAsk.Right.ADMINISTER)),
        view.asked.stream().map(asked -> asked.ask().orElseThrow()).toList());
    assertEquals(9092, view.asked.get(1).port());
  }

  @Test
  void explanationIsGivenOnlyWhenAsked() throws IOException {
    String question = "/v1/verdict?from=api&to=db&method=POST&path=/users";
    VerdictReport plain = Json.read(RawHttp.body(get(question)), VerdictReport.class);
    assertEquals(Optional.empty(), plain.explanation());
    VerdictReport report =
        Json.read(RawHttp.body(get(question + "&explain=1")), VerdictReport.class);
    assertEquals(Optional.of(FakeAgentView.EXPLANATION), report.explanation());
  }

  @Test
  void composeServicesAreAskedAboutByTheirLabel() throws IOException {
    get("/v1/verdict?from=service:web&to=db&port=80");
    assertEquals(new Who.Service(Optional.empty(), "web"), view.asked.getFirst().from());
  }

  @Test
  void questionsWithoutAServerAreReadByTheSameRules() throws IOException {
    get("/v1/verdict?from=app%3Dapi&to=db&method=GET&path=/a%2520b&header.X=%20a&explain=1");
    assertEquals(
        view.asked.getFirst(),
        VerdictQuestion.of(
            List.of(
                "from",
                "app=api",
                "to",
                "db",
                "method",
                "GET",
                "path",
                "/a%20b",
                "header.X",
                " a",
                "explain",
                "1")));
    ApiException refused =
        assertThrows(
            ApiException.class, () -> VerdictQuestion.of(List.of("from", "api", "port", "80")));
    assertTrue(String.valueOf(refused.getMessage()).contains("\"to\" is missing"));
  }

  @Test
  void verdictOnUnknownContainerIsNotFoundWithWhatIsKnown() throws IOException {
    String reply = get("/v1/verdict?from=nobody&to=db&port=80");
    assertEquals(404, RawHttp.status(reply));
    ErrorReport error = Json.read(RawHttp.body(reply), ErrorReport.class);
    assertEquals("unknown-container", error.code());
    assertEquals("api or db", error.expected());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/verdict",
        "/v1/verdict?from=api",
        "/v1/verdict?from=api&to=db",
        "/v1/verdict?from=api&to=db&method=GET",
        "/v1/verdict?from=api&to=db&path=/x",
        "/v1/verdict?from=api&to=db&method=G%20T&path=/x",
        "/v1/verdict?from=api&to=db&method=&path=/x",
        "/v1/verdict?from=api&to=db&method=GET&path=x",
        "/v1/verdict?from=api&to=db&method=GET&path=/%25zz",
        "/v1/verdict?from=api&to=db&method=GET&path=/%252",
        "/v1/verdict?from=api&to=db&method=GET&path=/a%23b",
        "/v1/verdict?from=api&to=db&port=80&explain=yes",
        "/v1/verdict?from=service:&to=db&port=80",
        "/v1/verdict?from=api&to=db&method=GET&path=/a%20b",
        "/v1/verdict?from=api&to=db&method=GET&path=/a%0d%0a",
        "/v1/verdict?from=api&to=db&method=GET&path=/%C3%A9",
        "/v1/verdict?from=api&to=db&port=443&sni=",
        "/v1/verdict?from=api&to=db&kafka=read&topic=t",
        "/v1/verdict?from=api&to=db&kafka=consume",
        "/v1/verdict?from=api&to=db&kafka=consume&topic=a%20b",
        "/v1/verdict?from=api&to=db&kafka=consume&topic=t&group=g",
        "/v1/verdict?from=api&to=db&kafka=consume&topic=t&transaction=x",
        "/v1/verdict?from=api&to=db&kafka=produce&topic=t&group=g",
        "/v1/verdict?from=api&to=db&kafka=administer&topic=t",
        "/v1/verdict?from=api&to=db&topic=t",
        "/v1/verdict?from=api&to=db&kafka=consume&topic=t&method=GET&path=/",
        "/v1/verdict?from=api&to=db&port=443&sni=10.0.0.7",
        "/v1/verdict?from=api&to=db&port=443&sni=db.internal.",
        "/v1/verdict?from=api&to=db&port=443&sni=*.internal",
        "/v1/verdict?from=api&to=db&port=443&sni=a..b",
        "/v1/verdict?from=api&to=db&port=443&sni=db&protocol=udp",
        "/v1/verdict?from=api&to=db&method=GET&path=/x&sni=db",
        "/v1/verdict?from=api&to=db&port=0",
        "/v1/verdict?from=api&to=db&port=65536",
        "/v1/verdict?from=api&to=db&port=-1",
        "/v1/verdict?from=api&to=db&port=8o",
        "/v1/verdict?from=api&to=db&port=99999999999999999999",
        "/v1/verdict?from=api&to=db&port=80&protocol=quic",
        "/v1/verdict?from=api&to=db&method=GET&path=/&protocol=udp",
        "/v1/verdict?from=api&to=db&port=80&host=shop",
        "/v1/verdict?from=api&to=db&method=GET&path=/&header.Host=shop&host=db",
        "/v1/verdict?from=api&to=db&method=GET&path=/&header.Host=shop&header.Host=db",
        "/v1/verdict?from=api&to=db&method=GET&path=*",
        "/v1/verdict?from=service:&to=db&port=80",
        "/v1/verdict?from=service:a/b/c&to=db&port=80",
        "/v1/verdict?from=api&to=db&method=GET&path=/&header.=x",
        "/v1/verdict?from=api&to=db&method=GET&path=/&header.X=1&header.x=2",
        "/v1/verdict?from=&to=db&port=80",
        "/v1/verdict?from=%3Dx&to=db&port=80",
        "/v1/verdict?from=a%3D1,&to=db&port=80",
        "/v1/verdict?from=a%3D1,a%3D2&to=db&port=80",
        "/v1/verdict?from=a/b&to=db&port=80",
        "/v1/verdict?from=api&from=db&to=db&port=80",
        "/v1/verdict?from=api&to=db&port=80&explian=1",
        "/v1/verdict?from=%zz&to=db&port=80",
        "/v1/verdict?from=%4&to=db&port=80",
        "/v1/verdict?from=%ff&to=db&port=80",
        "/v1/verdict?from=a%00b&to=db&port=80",
        "/v1/verdict?&from=api&to=db&port=80",
        "/v1/flows?last=-1",
        "/v1/flows?last=5001",
        "/v1/flows?last=",
        "/v1/flows?follow=yes",
        "/v1/flows?verdict=maybe",
        "/v1/flows?Last=1",
        "/v1/status?x=1",
        "/?x",
        "/metrics?name[]=a"
      })
  void badParameterIsAnswered400WithWhatWasExpected(String target) throws IOException {
    String reply = get(target);
    assertEquals(400, RawHttp.status(reply), reply);
    assertFalse(Json.read(RawHttp.body(reply), ErrorReport.class).expected().isEmpty(), reply);
    assertTrue(view.asked.isEmpty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1",
        "/v1/",
        "/v1/status/",
        "//v1/status",
        "/V1/status",
        "/v1/%73tatus",
        "/v1/../v1/status",
        "/v1/status;x",
        "/favicon.ico",
        "/v2/status",
        "/v1/status%00",
        "/v1/status#x"
      })
  void anythingButTheExactPathIsNotFound(String target) throws IOException {
    String reply = get(target);
    assertEquals(404, RawHttp.status(reply), reply);
    assertEquals("not-found", code(reply));
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "FOO"})
  void onlyGetAndHeadAreAllowed(String method) throws IOException {
    String reply = request(method + " /v1/status HTTP/1.1");
    assertEquals(405, RawHttp.status(reply), reply);
    assertTrue(reply.toLowerCase(java.util.Locale.ROOT).contains("allow: get, head"), reply);
    assertFalse(reply.contains("TRACE /v1"), reply);
  }

  @Test
  void headAnswersTheLengthWithoutABody() throws IOException {
    String reply = request("HEAD /v1/status HTTP/1.1");
    assertEquals(200, RawHttp.status(reply));
    assertEquals("", RawHttp.body(reply));
    assertFalse(reply.contains("content-length: 0"), reply);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Origin: http://127.0.0.1:9807",
        "Origin: null",
        "Origin: https://evil.test",
        "Referer: http://evil.test/",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-origin",
        "Sec-Fetch-Site: same-site",
        "Sec-Fetch-Site: None"
      })
  void anythingFromAWebPageIsRefused(String header) throws IOException {
    String reply = request("GET /v1/status HTTP/1.1", header);
    assertEquals(403, RawHttp.status(reply), reply);
    assertEquals("browser-not-allowed", code(reply));
  }

  @Test
  void addressBarOfABrowserIsAnswered() throws IOException {
    assertEquals(200, RawHttp.status(request("GET /v1/status HTTP/1.1", "Sec-Fetch-Site: none")));
  }

  @Test
  void preflightIsRefused() throws IOException {
    assertEquals(
        403,
        RawHttp.status(
            request("OPTIONS /v1/status HTTP/1.1", "Access-Control-Request-Method: GET")));
    assertEquals(
        403,
        RawHttp.status(
            request(
                "OPTIONS /v1/status HTTP/1.1",
                "Origin: http://a.test",
                "Access-Control-Request-Private-Network: true")));
  }

  @Test
  void webSocketHandshakeOfAPageIsRefused() throws IOException {
    String reply =
        request(
            "GET /v1/flows?follow=1 HTTP/1.1",
            "Upgrade: websocket",
            "Sec-WebSocket-Key: x",
            "Origin: http://evil.test");
    assertEquals(403, RawHttp.status(reply));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "evil.test",
        "evil.test:PORT",
        "127.0.0.1.nip.io:PORT",
        "[::ffff:127.0.0.1]:PORT",
        "localhost.:PORT",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost",
        "127.1:PORT",
        "2130706433:PORT",
        "0.0.0.0:PORT",
        "[::]:PORT",
        "drawbridge",
        "127.0.0.1:0PORT",
        "user@127.0.0.1:PORT",
        "127.0.0.1:PORT.evil.test",
        "127.0.0.1:PORT, evil.test",
        "127.0.0.1:PORT/x",
        ""
      })
  void foreignHostIsRefusedAsDnsRebinding(String host) throws IOException {
    String reply =
        RawHttp.tcp(
            port,
            "GET /v1/status HTTP/1.1\r\nHost: "
                + host.replace("PORT", "" + port)
                + "\r\nConnection: close\r\n\r\n");
    assertEquals(403, RawHttp.status(reply), reply);
    assertEquals("host-not-allowed", code(reply));
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1:PORT", "localhost:PORT", "LocalHost:PORT", "[::1]:PORT"})
  void loopbackNamesWithThePortAreAnswered(String host) throws IOException {
    assertEquals(
        200,
        RawHttp.status(
            RawHttp.tcp(
                port,
                "GET / HTTP/1.1\r\nHost: "
                    + host.replace("PORT", "" + port)
                    + "\r\nConnection: close\r\n\r\n")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"evil.test", "127.0.0.1:9807", "drawbridge:80", "drawbridge."})
  void foreignHostIsRefusedOnTheUnixSocketToo(String host) throws IOException {
    assertEquals(
        403,
        RawHttp.status(
            RawHttp.unix(server.socket(), "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nHost: 127.0.0.1:PORT\r\n\r\n",
        "GET http://127.0.0.1:PORT/ HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
        "GET /\r\n\r\n",
        "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : 127.0.0.1:PORT\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nX: a\u0000b\r\n\r\n",
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n"
      })
  void malformedRequestIsAnswered400AndClosed(String request) throws IOException {
    String reply = RawHttp.tcp(port, request.replace("PORT", "" + port));
    assertTrue(List.of(400, 505).contains(RawHttp.status(reply)), reply);
  }

  @ParameterizedTest
  @ValueSource(strings = {"HTTP/1.0", "HTTP/0.9", "HTTP/2.0"})
  void otherVersionsAreRefused(String version) throws IOException {
    assertEquals(505, RawHttp.status(request("GET / " + version)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 5",
        "Content-Length: 00",
        "Content-Length: 99999999999",
        "Transfer-Encoding: chunked"
      })
  void bodyIsRefusedUnreadAndNeverTakenForARequest(String framing) throws IOException {
    String head = "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\n" + framing + "\r\n\r\n";
    String reply =
        RawHttp.tcp(port, head + "GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\n\r\n");
    assertEquals(413, RawHttp.status(reply), reply);
    assertFalse(RawHttp.body(reply).contains("HTTP/1.1 200"), reply);
  }

  @Test
  void formPostOfAPageIsRefused() throws IOException {
    String reply =
        request("POST /v1/status HTTP/1.1", "Content-Type: text/plain", "Content-Length: 2");
    assertEquals(405, RawHttp.status(reply));
  }

  @Test
  void longRequestLineIs414AndEightThousandBytesPass() throws IOException {
    assertEquals(414, RawHttp.status(get("/" + "x".repeat(9000))));
    assertEquals(404, RawHttp.status(get("/" + "x".repeat(8000))));
  }

  @Test
  void longHeadersAre431() throws IOException {
    assertEquals(431, RawHttp.status(request("GET / HTTP/1.1", "X-Long: " + "x".repeat(17000))));
  }

  @Test
  void failureOfTheAgentIsA500WithoutItsInsides() throws IOException {
    view.broken = true;
    String reply = get("/v1/status");
    assertEquals(500, RawHttp.status(reply));
    assertFalse(reply.contains("on purpose"), reply);
  }

  @Test
  void pipelinedRequestsAreAnsweredInOrder() throws IOException {
    String head = " HTTP/1.1\r\nHost: localhost:" + port + "\r\n";
    String reply =
        RawHttp.tcp(
            port,
            "GET /v1/status"
                + head
                + "\r\nGET /nothing"
                + head
                + "\r\nGET /openapi.json"
                + head
                + "Connection: close\r\n\r\n");
    int status = reply.indexOf("startedAt");
    int missing = reply.indexOf("not-found");
    int api = reply.indexOf("openapi\": \"3");
    assertTrue(0 < status && status < missing && missing < api, reply);
  }

  @Test
  void requestSplitAtEveryByteIsAnswered() throws IOException {
    byte[] request =
        ("GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nConnection: close\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    for (int cut = 1; cut < request.length; cut += 7) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write(request, 0, cut);
        socket.getOutputStream().flush();
        socket.getOutputStream().write(request, cut, request.length - cut);
        assertEquals(200, RawHttp.status(RawHttp.all(socket.getInputStream())), "cut at " + cut);
      }
    }
  }

  @Test
  void thousandParallelClientsAreAnsweredOrToldToComeLater() throws Exception {
    List<Callable<Integer>> clients = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      clients.add(() -> RawHttp.status(get("/v1/status")));
    }
    int served = 0;
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Integer> status : pool.invokeAll(clients)) {
        assertTrue(List.of(200, 503).contains(status.get()), "status " + status.get());
        served += status.get() == 200 ? 1 : 0;
      }
    }
    assertTrue(served > 400, served + " served");
  }
}
