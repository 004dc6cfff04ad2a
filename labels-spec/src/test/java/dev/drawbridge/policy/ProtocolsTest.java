package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.policy.compile.Protocols;
import dev.drawbridge.policy.http.HttpProtocol;
import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.language.Sentence;
import dev.drawbridge.policy.parse.SentenceParser;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.tls.TlsAsk;
import dev.drawbridge.policy.tls.TlsProtocol;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the registry of protocols promises to whoever has an engine. */
final class ProtocolsTest {
  private static final Scene SCENE =
      new Scene()
          .container("api", "app=api")
          .container("web", "app=web", "may GET /users on app=out port 8443")
          .container("out", "app=out", "anyone may open tls to ** port 8443")
          .container(
              "db", "app=db", "app=api may GET /users", "app=api may open tls to a.b port 443");

  private static List<Protocol> speaks(String from, String to, int transport, int port) {
    return SCENE.policy().speaks(SCENE.number(from), SCENE.number(to), transport, port);
  }

  @Test
  void aPortSpeaksWhatRulesOfEitherSideSpeakOf() {
    assertEquals(List.of(HttpProtocol.HTTP), speaks("api", "db", Ports.TCP, 80));
    assertEquals(List.of(HttpProtocol.HTTP, TlsProtocol.TLS), speaks("api", "db", Ports.TCP, 443));
    assertEquals(List.of(TlsProtocol.TLS), speaks("api", "out", Ports.TCP, 8443));
    assertEquals(
        List.of(HttpProtocol.HTTP, TlsProtocol.TLS), speaks("web", "out", Ports.TCP, 8443));
    assertEquals(List.of(), speaks("api", "out", Ports.TCP, 80));
    assertEquals(List.of(), speaks("api", "db", Ports.UDP, 443));
  }

  @Test
  void whatIsAskedInAProtocolWithoutRulesIsDeniedByTheReasonOfThatWhichHasSome() {
    Policy policy = SCENE.policy();
    int api = SCENE.number("api");
    Reason encrypted = policy.judge(api, SCENE.number("db"), 80, new TlsAsk("a.b")).reason();
    assertEquals(Reason.TLS_UNDER_HTTP_RULE, encrypted);
    Reason clear =
        policy.judge(api, SCENE.number("out"), 8443, HttpRequest.of("GET", "/users")).reason();
    assertEquals(Reason.NOT_TLS, clear);
  }

  @Test
  void eachIsNamedOnceAndSpeaksForItsOwnActionsAlone() {
    assertEquals(
        Protocols.ALL.size(), Protocols.ALL.stream().map(Protocol::name).distinct().count());
    for (String action :
        List.of("GET /users", "call a.B/C", "open tls to a.b", "consume t", "administer")) {
      Sentence sentence =
          SentenceParser.label(new Origin.Label("x"), "anyone may " + action)
              .value()
              .orElseThrow()
              .sentence();
      assertEquals(
          1, Protocols.ALL.stream().filter(p -> p.speaks(sentence.action())).count(), action);
    }
  }
}
