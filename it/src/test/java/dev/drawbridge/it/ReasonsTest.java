package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** One list of reasons in three places: the kernel's header, the Java enum, the document. */
final class ReasonsTest {
  private static final Path CHECKOUT = Path.of(System.getProperty("drawbridge.checkout", ".."));
  private static final Pattern IN_HEADER =
      Pattern.compile("DB_REASON_(\\w+) = (\\d+), /\\* (.*?) \\*/");
  private static final Pattern IN_DOCUMENT =
      Pattern.compile("(?m)^\\| (\\d+) \\| `([a-z0-9-]+)` \\| (.*?) \\|");

  private static final Pattern IN_ENDINGS = Pattern.compile("(?m)^\\| `([a-z-]+)` \\| (.*?) \\|");

  @Test
  void kernelHeaderAndEnumHaveTheSameCodesNamesAndSentences() throws IOException {
    Map<Integer, String> header = new TreeMap<>();
    String text = Files.readString(CHECKOUT.resolve("bpf/src/main/bpf/include/reasons.h"));
    IN_HEADER
        .matcher(text)
        .results()
        .forEach(r -> header.put(code(r, 2), r.group(1) + ": " + r.group(3)));
    Map<Integer, String> java = new TreeMap<>();
    for (Reason reason : Reason.values()) {
      java.put(reason.code(), reason.name() + ": " + reason.sentence());
    }
    assertEquals(String.join("\n", java.values()), String.join("\n", header.values()));
    assertEquals(java.keySet(), header.keySet());
  }

  @Test
  void documentListsEveryReasonUnderItsCodeAndSlug() throws IOException {
    Map<Integer, String> document = new TreeMap<>();
    String text = Files.readString(CHECKOUT.resolve("docs/reasons.md"));
    IN_DOCUMENT
        .matcher(text)
        .results()
        .forEach(r -> document.put(code(r, 1), r.group(2) + ": " + r.group(3)));
    Map<Integer, String> java = new TreeMap<>();
    for (Reason reason : Reason.values()) {
      java.put(reason.code(), reason.slug() + ": " + reason.sentence());
    }
    assertEquals(String.join("\n", java.values()), String.join("\n", document.values()));
  }

  @Test
  void slugIsTheNameInLowerCaseWithDashes() {
    for (Reason reason : Reason.values()) {
      assertEquals(reason.name().toLowerCase(Locale.ROOT).replace('_', '-'), reason.slug());
      assertTrue(Reason.of(reason.code()).filter(reason::equals).isPresent(), reason.name());
    }
  }

  @Test
  void documentListsEveryEnding() throws IOException {
    String text = Files.readString(CHECKOUT.resolve("docs/reasons.md"));
    String table = text.substring(text.indexOf("## Endings"), text.indexOf("## Problems"));
    List<String> document =
        IN_ENDINGS.matcher(table).results().map(r -> r.group(1) + ": " + r.group(2)).toList();
    List<String> java =
        Arrays.stream(Ending.values()).map(e -> e.slug() + ": " + e.sentence()).toList();
    assertEquals(java, document);
  }

  private static int code(MatchResult result, int group) {
    return Integer.parseInt(result.group(group));
  }
}
