package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.drawbridge.l7.CaseFiles.Case;
import dev.drawbridge.l7.CaseFiles.Expected;
import dev.drawbridge.l7.Generated.PathCase;
import dev.drawbridge.l7.RawClient.Answer;
import dev.drawbridge.l7.RecordingOrigin.Seen;
import dev.drawbridge.l7.streams.Stream;
import dev.drawbridge.l7.streams.Stream.End;
import dev.drawbridge.l7.streams.Stream.Request;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Streams of HTTP/1 through the engine. The callee sees what policy allowed, in order, whole and
 * unchanged, and nothing else; what no strict reader takes for a request is answered with an error
 * or a closed connection; whoever comes next gets an answer of his own.
 */
final class CasesTest {
  static final String[] DENY_DENIED = {
    "anyone may not ANY /denied*",
    "anyone may not ANY /denied*/**",
    "app=api may ANY /**",
    "app=api may OPTIONS *"
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

  static List<String> sets() {
    return Generated.sets();
  }

  @ParameterizedTest
  @MethodSource("sets")
  void keepsTheOneRuleForEveryStream(String set) throws Exception {
    List<Case> cases = Generated.streams(set);
    List<String> violations = new ArrayList<>();
    int number = 0;
    for (Case one : cases) {
      number++;
      for (Way way : Way.values()) {
        if (way == Way.SINGLY && one.bytes().length > 3000) {
          continue;
        }
        // Whatever the pieces, the readers see the same: http1.StreamsTest. So an eighth is enough
        // singly; and another eighth behind a request, for what the connection keeps.
        if (way != Way.WHOLE && one.exact() != null && number % 8 != (way == Way.SINGLY ? 1 : 2)) {
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
      if (path(request.target()).startsWith("/denied")
          || request.head().startsWith("GET /denied")) {
        return "the origin saw " + request.target();
      }
    }
    Stream exact = one.exact();
    String violation =
        exact != null
            ? checkExactly(exact, seen, answers)
            : one.requests().isEmpty() ? checkCount(one, seen) : checkRequests(one, seen);
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

  /** The callee saw just that, and the client was answered just that. */
  private static String checkExactly(Stream stream, List<Seen> seen, List<Answer> answers) {
    List<Request> allowed = stream.allowed();
    List<Request> was = new ArrayList<>();
    for (Seen request : seen) {
      String body = new String(request.body(), StandardCharsets.ISO_8859_1);
      was.add(new Request(request.method(), request.target(), body, fields(request.head())));
    }
    if (!was.equals(allowed)) {
      return "the origin saw " + was + ", and should have seen " + allowed;
    }
    List<Integer> wanted = new ArrayList<>();
    for (Request request : stream.requests()) {
      wanted.add(request.denied() ? 403 : 200);
    }
    List<Integer> statuses = answers.stream().map(Answer::status).toList();
    boolean errors = statuses.stream().skip(wanted.size()).allMatch(status -> status >= 400);
    boolean right =
        statuses.size() >= wanted.size()
            && statuses.subList(0, wanted.size()).equals(wanted)
            && statuses.size() <= wanted.size() + (stream.end() == End.WHOLE ? 0 : 1)
            && errors;
    return right ? "" : "answered " + statuses + ", and should have been " + wanted;
  }

  /** Lines of a head that are neither of the connection nor of the framing. */
  private static List<String> fields(String head) {
    List<String> fields = new ArrayList<>();
    for (String line : head.split("\r\n", -1)) {
      fields.add(line);
    }
    fields.removeFirst();
    fields.removeIf(line ->
        line.matches("(?i)(connection|content-length|transfer-encoding|te|expect|upgrade):.*"));
    return fields;
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
          || !path(was.target()).equals(path(wanted.target()))
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
    List<PathCase> paths = Generated.paths();
    for (PathCase one : paths) {
      scene.publish(one.rules());
      origin.takeSeen();
      int status;
      try (RawClient client = new RawClient(scene.listener.port4())) {
        client.send(
            ("GET " + one.path() + " HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.UTF_8));
        status = client.answer().status();
      }
      List<Seen> seen = origin.takeSeen();
      boolean right =
          one.either()
              || (one.passes()
                  ? status == 200 && seen.getFirst().target().equals(one.path())
                  : status != 200 && seen.isEmpty());
      if (!right) {
        violations.add(one.id() + " " + one.path() + " passes " + one.passes() + ": " + status);
      }
    }
    assertTrue(paths.size() > 900, "only " + paths.size() + " paths");
    assertEquals(List.of(), violations, () -> String.join("\n", violations));
  }
}
