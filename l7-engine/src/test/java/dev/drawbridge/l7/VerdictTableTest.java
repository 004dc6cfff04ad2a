package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.policy.Decision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of rule and request in the specification, on the wire: HTTP/1 and HTTP/2. */
final class VerdictTableTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  @BeforeAll
  static void watch() {
    Leaks.watch();
  }

  @AfterAll
  static void noLeaks() {
    assertEquals(List.of(), Leaks.found());
  }

  static List<String> rows() throws IOException {
    String spec = Files.readString(Path.of("../labels-spec/SPEC.md"));
    int start = spec.indexOf("```verdicts\n") + "```verdicts\n".length();
    return spec.substring(start, spec.indexOf("```", start)).lines().toList();
  }

  private static List<String> fields(List<String> words, Predicate<String> which, String skipped) {
    return words.stream()
        .skip(2)
        .filter(which)
        .map(word -> word.substring(skipped.length()).replaceFirst("=", ": ") + "\r\n")
        .toList();
  }

  private static String bytes(List<String> words) {
    List<String> head = fields(words, word -> !word.startsWith("trailer:"), "");
    List<String> trailers = fields(words, word -> word.startsWith("trailer:"), "trailer:");
    StringBuilder out = new StringBuilder();
    out.append(words.get(0)).append(' ').append(words.get(1)).append(" HTTP/1.1\r\n");
    if (head.stream().noneMatch(field -> field.startsWith("Host:"))) {
      out.append("Host: db\r\n");
    }
    head.forEach(out::append);
    if (head.stream().anyMatch(field -> field.startsWith("Upgrade:"))) {
      out.append("Connection: Upgrade\r\n");
    }
    if (trailers.isEmpty()) {
      return out.append("\r\n").toString();
    }
    out.append("Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n");
    trailers.forEach(out::append);
    return out.append("\r\n").toString();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void theEngineDoesWhatIsWritten(String row) throws Exception {
    String[] parts = row.split(" \\| ", -1);
    List<String> words = new ArrayList<>(Arrays.asList(parts[1].split(" ", -1)));
    var whole = new CopyOnWriteArrayList<String>();
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              String head = peer.head();
              if (head.contains("chunked")) {
                String body = peer.head();
                if (body.isEmpty()) {
                  return;
                }
                whole.add(body);
              }
              peer.send(OK);
            });
        Scene scene = new Scene(origin.address(), parts[0].split(" ; ", -1));
        RawClient client = new RawClient(scene.listener.port4())) {
      int status = client.send(bytes(words)).answer().status();
      Waiting.until("a record", () -> !scene.records.isEmpty());
      AccessRecord record = scene.records.remove();
      boolean allowed = record.decision() == Decision.ALLOW;
      assertEquals(parts[2], (allowed ? "allow " : "deny ") + record.reason().slug());
      boolean grpc = row.contains("application/grpc");
      assertEquals(allowed || grpc, status == 200, status + "");
      if (!allowed) {
        assertEquals(List.of(), whole, "what is denied by its trailers never ends");
      }
    }
  }

  static List<String> rowsOfHttp2() throws IOException {
    // H2Peer names one authority for all, and HTTP/2 has no upgrades.
    return rows().stream()
        .filter(row -> !row.contains(" Host=") && !row.contains(" Upgrade="))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("rowsOfHttp2")
  void theEngineDoesTheSameByHttp2(String row) throws Exception {
    String[] parts = row.split(" \\| ", -1);
    List<String> words = new ArrayList<>(Arrays.asList(parts[1].split(" ", -1)));
    String[] head = pairs(words, word -> !word.startsWith("trailer:"));
    String[] trailers = pairs(words, word -> word.startsWith("trailer:"));
    boolean more = trailers.length > 0;
    try (ScriptedOrigin origin =
            new ScriptedOrigin(peer -> {
              H2Peer callee = H2Peer.server(peer.socket());
              for (H2Peer.Frame frame = callee.read(); frame != null; frame = callee.read()) {
                if (frame.stream() == 1 && frame.end()) {
                  callee.headers(1, true, ":status", "204").flush();
                }
              }
            });
        Scene scene = new Scene(origin.address(), parts[0].split(" ; ", -1));
        H2Peer client = H2Peer.client(scene.listener.port4())) {
      client.request(1, !more, words.get(0), words.get(1), head);
      if (more) {
        client.data(1, false, new byte[] {1, 2});
        client.headers(1, true, trailers);
      }
      int status = client.flush().answer(1).status();
      Waiting.until("a record", () -> !scene.records.isEmpty());
      AccessRecord record = scene.records.remove();
      boolean allowed = record.decision() == Decision.ALLOW;
      assertEquals(parts[2], (allowed ? "allow " : "deny ") + record.reason().slug());
      assertEquals(allowed, status == 204, status + "");
    }
  }

  private static String[] pairs(List<String> words, Predicate<String> which) {
    return words.stream()
        .skip(2)
        .filter(which)
        .map(word -> word.replace("trailer:", ""))
        .flatMap(word -> {
          int equals = word.indexOf('=');
          String name = word.substring(0, equals).toLowerCase(Locale.ROOT);
          return Stream.of(name, word.substring(equals + 1));
        })
        .toArray(String[]::new);
  }
}
