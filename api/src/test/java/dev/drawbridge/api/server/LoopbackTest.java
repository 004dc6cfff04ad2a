package dev.drawbridge.api.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.FakeAgentView;
import dev.drawbridge.api.report.ErrorReport;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.api.report.VerdictReport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Any user of the host can ask on loopback TCP: verdicts, health and numbers, nothing else. */
class LoopbackTest {
  private static final String ASKED =
      "/v1/verdict?from=app%3Dapi&to=app%3Ddb&method=GET&path=/users";

  @TempDir Path directory;
  private final FakeAgentView view = new FakeAgentView();
  private ApiServer server = new ApiServer(ApiConfig.defaults(), view);

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
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private String tcp(String target) throws IOException {
    int port = server.tcpPort().orElseThrow();
    return RawHttp.tcp(
        port,
        "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nConnection: close\r\n\r\n");
  }

  private String unix(String target) throws IOException {
    return RawHttp.unix(
        server.socket(),
        "GET " + target + " HTTP/1.1\r\nHost: drawbridge\r\nConnection: close\r\n\r\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/flows",
        "/v1/flows?last=5",
        "/v1/flows?follow=1",
        "/v1/flows?follow=1&last=5000",
        "/v1/endpoints",
        "/v1/problems",
        "/v1/names",
        ASKED + "&explain=1"
      })
  void whatHoldsLabelsOrPathsNeedsTheSocket(String target) throws IOException {
    String reply = tcp(target);
    assertEquals(403, RawHttp.status(reply), reply);
    assertEquals("socket-only", Json.read(RawHttp.body(reply), ErrorReport.class).code());
    if (!target.contains("follow")) {
      assertEquals(200, RawHttp.status(unix(target)));
    }
  }

  @Test
  void aVerdictSaysNeitherLabelsNorWhatTheRuleSays() throws IOException {
    VerdictReport open = Json.read(RawHttp.body(unix(ASKED)), VerdictReport.class);
    assertFalse(open.rule().orElseThrow().text().isEmpty());
    assertFalse(open.from().labels().isEmpty() && open.to().labels().isEmpty());
    String reply = tcp(ASKED);
    assertEquals(200, RawHttp.status(reply), reply);
    VerdictReport told = Json.read(RawHttp.body(reply), VerdictReport.class);
    assertEquals(open.verdict(), told.verdict());
    assertEquals(open.reason(), told.reason());
    assertEquals(open.rule().orElseThrow().origin(), told.rule().orElseThrow().origin());
    assertEquals("", told.rule().orElseThrow().text());
    assertTrue(told.from().labels().isEmpty() && told.to().labels().isEmpty());
  }

  @Test
  void statusNamesNoFileOfTheHost() throws IOException {
    StatusReport status = Json.read(RawHttp.body(tcp("/v1/status")), StatusReport.class);
    assertEquals(view.status().healthy(), status.healthy());
    status.components().forEach(c -> assertEquals("", c.detail()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/openapi.json", "/metrics", "/v1/status", ASKED})
  void theRestIsAnswered(String target) throws IOException {
    assertEquals(200, RawHttp.status(tcp(target)));
  }

  @Test
  void theIndexNamesWhatIsAnsweredThere() throws IOException {
    String body = RawHttp.body(tcp("/"));
    new Routes(view)
        .all()
        .forEach(r -> assertEquals(r.loopback(), body.contains("\"" + r.path() + "\""), r.path()));
  }
}
