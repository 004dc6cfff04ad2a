package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.drawbridge.l7.CaseFiles.Case;
import dev.drawbridge.l7.CaseFiles.Expected;
import dev.drawbridge.l7.RawClient.Answer;
import dev.drawbridge.l7.RecordingOrigin.Seen;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every HTTP/1 stream of shared/cases, held to the one rule of its INDEX.md. */
final class CasesTest {
  private static final String[] DENY_DENIED = {
    "anyone may not ANY /denied*", "anyone may not ANY /denied*/**", "app=api may ANY /**"
  };

  /** How a stream is sent. */
  private enum Way {
    WHOLE,
    SINGLY,
    REUSED
  }

  private RecordingOrigin origin;
  private Scene scene;

  @BeforeEach
  void start() throws Exception {
    origin = new RecordingOrigin();
    scene = new Scene(origin.address(), DENY_DENIED);
  }

  @AfterEach
  void stop() throws Exception {
    scene.close();
    origin.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"h1-llhttp.jsonl", "h1-guardian.jsonl", "h1-chunks.jsonl", "h1-misc.jsonl"})
  void keepsTheOneRuleForEveryStream(String file) throws Exception {
    checkAll(CaseFiles.streams(file));
  }

  @Test
  void keepsTheOneRuleForEveryMutatedHeader() throws Exception {
    checkAll(CaseFiles.mutations());
  }

  private void checkAll(List<Case> cases) throws Exception {
    List<String> violations = new ArrayList<>();
    for (Case one : cases) {
      for (Way way : Way.values()) {
        if (way == Way.SINGLY && one.bytes().length > 3000) {
          continue;
        }
        String violation = check(one, way);
        if (!violation.isEmpty()) {
          violations.add(one.id() + " " + way + " strict " + one.strict() + ": " + violation);
        }
      }
    }
    assertTrue(cases.size() > 50, "only " + cases.size() + " streams");
    if (!violations.isEmpty()) {
      fail(violations.size() + " violations:\n" + String.join("\n", violations));
    }
  }

  private String check(Case one, Way way) throws Exception {
    origin.takeSeen();
    int before = scene.records.size();
    List<Answer> answers;
    try (RawClient client = new RawClient(scene.listener.port4())) {
      if (way == Way.REUSED) {
        client.send("GET /first HTTP/1.1\r\nHost: a.test\r\n\r\n");
        if (client.answer().status() != 200) {
          return "the clean request before it failed";
        }
      }
      if (way == Way.SINGLY) {
        client.sendSingly(one.bytes());
      } else {
        try {
          client.send(one.bytes());
        } catch (IOException _) {
          // Refused before the end.
        }
      }
      client.endOutput();
      answers = client.answers();
    }
    Waiting.until("the origin has no connection", () -> origin.open.get() == 0);
    List<Seen> seen = new ArrayList<>(origin.takeSeen());
    if (way == Way.REUSED) {
      seen.removeFirst();
    }
    for (Seen request : seen) {
      if (request.target().startsWith("/denied") || request.head().startsWith("GET /denied")) {
        return "the origin saw " + request.target();
      }
    }
    String violation = one.requests().isEmpty() ? checkCount(one, seen) : checkRequests(one, seen);
    if (violation.isEmpty() && one.strict().contains("reject") && !answers.isEmpty()) {
      int last = answers.getLast().status();
      if (one.strict().equals("reject") && last < 400) {
        violation = "answered " + last;
      }
    }
    // A preface of HTTP/2 without a request after it is a connection, and no request was judged.
    boolean records =
        one.bytes().length > 0 && !one.id().equals("own-misc/h2-prior-knowledge-preface");
    if (violation.isEmpty() && scene.records.size() == before && records) {
      violation = "no record";
    }
    return violation.isEmpty() ? checkCleanRequest() : violation;
  }

  private static String checkRequests(Case one, List<Seen> seen) {
    List<Expected> allowed = new ArrayList<>();
    for (Expected request : one.requests()) {
      if (!path(request.target()).matches("/*denied.*")) {
        allowed.add(request);
      }
    }
    if (seen.size() > allowed.size()) {
      return "the origin saw " + seen.size() + " requests, allowed were " + allowed;
    }
    for (int i = 0; i < seen.size(); i++) {
      Seen was = seen.get(i);
      Expected wanted = allowed.get(i);
      if (!was.method().equals(wanted.method())
          || !was.target().equals(path(wanted.target()))
          || was.body().length != wanted.body()) {
        return "the origin saw " + was.method() + " " + was.target() + " " + was.body().length;
      }
    }
    if (one.accepted() && seen.size() < allowed.size()) {
      return "the origin saw only " + seen.size() + " of " + allowed;
    }
    return "";
  }

  private static String checkCount(Case one, List<Seen> seen) {
    String strict = one.strict();
    int accepted = 0;
    if (strict.startsWith("accept-")) {
      accepted = Integer.parseInt(strict.replaceAll("accept-(\\d+).*", "$1"));
    }
    if (one.verdict().equals("denied-visible")) {
      accepted--;
    }
    if (seen.size() > accepted || (one.accepted() && seen.size() < accepted)) {
      return "the origin saw " + seen.size() + " requests";
    }
    return "";
  }

  private static String path(String target) {
    if (!target.startsWith("http://")) {
      return target;
    }
    int slash = target.indexOf('/', 7);
    int query = target.indexOf('?', 7);
    int start = slash >= 0 && (query < 0 || slash < query) ? slash : query;
    return start < 0
        ? "/"
        : start == query ? "/" + target.substring(start) : target.substring(start);
  }

  private String checkCleanRequest() throws IOException {
    try (RawClient client = new RawClient(scene.listener.port4())) {
      client.send("GET /clean HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
      Answer answer = client.answer();
      return answer.text().equals("saw GET /clean")
          ? ""
          : "a clean request was answered " + answer.status() + " " + answer.text();
    }
  }

  @Test
  void judgesEveryPathOnAllItsReadings() throws Exception {
    List<String> violations = new ArrayList<>();
    int count = 0;
    for (var row : CaseFiles.rows("paths.jsonl")) {
      String policy = CaseFiles.text(row, "policy");
      String verdict = CaseFiles.text(row, "verdict");
      if (policy.isEmpty() || verdict.isEmpty()) {
        continue;
      }
      count++;
      scene.publish(rules(policy));
      String path = CaseFiles.text(row, "raw_path");
      origin.takeSeen();
      int status;
      try (RawClient client = new RawClient(scene.listener.port4())) {
        client.send(
            ("GET " + path + " HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.UTF_8));
        status = client.answer().status();
      }
      List<Seen> seen = origin.takeSeen();
      boolean passed = status == 200;
      boolean right =
          switch (verdict) {
            case "accept" -> passed && seen.getFirst().target().equals(path);
            case "deny", "reject", "deny-or-reject" -> !passed && seen.isEmpty();
            default -> true;
          };
      if (policy.startsWith("deny exactly") && passed && wouldServeSecret(path)) {
        right = false;
      }
      if (!right && !CaseFiles.text(row, "note").startsWith("prefix rule must stop")) {
        violations.add(CaseFiles.text(row, "id") + " " + path + " " + verdict + ": " + status);
      }
    }
    assertTrue(count > 600, "only " + count + " paths");
    assertEquals(List.of(), violations, () -> String.join("\n", violations));
  }

  static String[] rules(String policy) {
    if (policy.startsWith("deny prefix /denied")) {
      return DENY_DENIED;
    }
    if (policy.startsWith("allow only paths with prefix /public")) {
      return new String[] {"app=api may ANY /public*", "app=api may ANY /public*/**"};
    }
    if (policy.startsWith("deny exactly /private/secret.html")) {
      return new String[] {"anyone may not ANY /private/secret.html", "app=api may ANY /**"};
    }
    return new String[] {"app=api may ANY /allowed/*", "anyone may not ANY /allowed/admin"};
  }

  /** As a server that decodes once, takes backslashes for slashes, and resolves dots. */
  private static boolean wouldServeSecret(String path) {
    String decoded = path.replaceAll("(?i)%2e", ".").replaceAll("(?i)%2f", "/");
    decoded = decoded.replaceAll("(?i)%5c", "/").replace('\\', '/');
    int end = decoded.indexOf('?');
    decoded = end < 0 ? decoded : decoded.substring(0, end);
    ArrayList<String> kept = new ArrayList<>();
    for (String segment : decoded.split("/+", -1)) {
      if (segment.equals("..")) {
        if (!kept.isEmpty()) {
          kept.removeLast();
        }
      } else if (!segment.isEmpty() && !segment.equals(".")) {
        kept.add(segment);
      }
    }
    return String.join("/", kept).equals("private/secret.html");
  }
}
