package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.http.RequestLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * SPEC A1, A2, A4, A9, R1, R2, R3, R4, R5, R6: the table of rule and request, asked of the policy.
 * The engine, the agent's API and the client's {@code --compose} are asked the same by tests of
 * that name.
 */
final class VerdictTableTest {
  static List<String> rows() throws IOException {
    String spec = Files.readString(Path.of("SPEC.md"));
    int start = spec.indexOf("```verdicts\n") + "```verdicts\n".length();
    return spec.substring(start, spec.indexOf("```", start)).lines().toList();
  }

  @Test
  void thereAreRowsOfEveryOutcome() throws IOException {
    List<String> rows = rows();
    assertTrue(rows.size() > 50, "" + rows.size());
    for (String end : List.of("allow rule-allows", "deny rule-denies", "deny http-malformed")) {
      assertTrue(rows.stream().anyMatch(row -> row.endsWith(end)), end);
    }
  }

  @ParameterizedTest
  @MethodSource("rows")
  void thePolicySaysWhatIsWritten(String row) {
    String[] parts = row.split(" \\| ", -1);
    var scene = new Scene().container("api", "app=api").container("db", parts[0].split(" ; ", -1));
    List<String> words = new ArrayList<>(Arrays.asList(parts[1].split(" ", -1)));
    String method = words.removeFirst();
    String target = words.removeFirst();
    var fields = new TreeMap<String, List<String>>();
    for (String word : words) {
      int equals = word.indexOf('=');
      String name = word.substring(0, equals).replace("trailer:", "").toLowerCase(Locale.ROOT);
      fields.computeIfAbsent(name, n -> new ArrayList<>()).add(word.substring(equals + 1));
    }
    int query = target.indexOf('?');
    HttpRequest request =
        HttpRequest.read(
            method,
            query < 0 ? target : target.substring(0, query),
            query < 0 ? "" : target.substring(query + 1),
            fields.getOrDefault("host", List.of("")).getFirst().toLowerCase(Locale.ROOT),
            name -> fields.getOrDefault(name, List.of()));
    Policy policy = scene.policy();
    int api = scene.number("api");
    int db = scene.number("db");
    Verdict verdict =
        RequestLine.fault(method, target).isPresent()
            ? policy.undecodable(api, db, 80, Reason.HTTP_MALFORMED)
            : policy.judge(api, db, 80, request);
    String decision = verdict.decision() == Decision.ALLOW ? "allow " : "deny ";
    assertEquals(parts[2], decision + verdict.reason().slug());
  }
}
