package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the documents promise about the checkout. */
final class DocumentsTest {
  private static final Path CHECKOUT = Path.of(System.getProperty("drawbridge.checkout", ".."));
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]+)(?:#[^)]*)?\\)");
  private static final Pattern TEST = Pattern.compile("`([A-Z]\\w*Test)\\.(\\w+)`");
  private static final Pattern UNFINISHED = Pattern.compile("\\b(TODO|FIXME|XXX)\\b");

  @Test
  void everyRelativeLinkLeadsToAFile() throws IOException {
    Set<String> broken = new TreeSet<>();
    List<Path> documents = files(".md");
    assertTrue(documents.size() >= 8, "only " + documents);
    for (Path document : documents) {
      LINK.matcher(Files.readString(document))
          .results()
          .map(link -> link.group(1))
          .filter(link -> !link.contains("://") && !link.startsWith("mailto:"))
          .filter(link -> !Files.exists(document.resolveSibling(link)))
          .forEach(link -> broken.add(CHECKOUT.relativize(document) + ": " + link));
    }
    assertEquals(Set.of(), broken);
  }

  @Test
  void nothingIsMarkedAsUnfinished() throws IOException {
    Set<String> marked = new TreeSet<>();
    for (String ending : List.of(".md", ".java", ".c", ".h", ".xml")) {
      for (Path file : files(ending)) {
        if (!file.endsWith("DocumentsTest.java")
            && UNFINISHED.matcher(Files.readString(file)).find()) {
          marked.add(CHECKOUT.relativize(file).toString());
        }
      }
    }
    assertEquals(Set.of(), marked);
  }

  /** A table that says "the test" and names none, or one that is gone, promises nothing. */
  @Test
  void everyRowOfTheComplaintsNamesTestsThatExist() throws IOException {
    Map<String, String> tests = new HashMap<>();
    for (Path file : files("Test.java")) {
      tests.merge(
          file.getFileName().toString().replace(".java", ""),
          Files.readString(file),
          String::concat);
    }
    Set<String> missing = new TreeSet<>();
    int named = 0;
    String text = Files.readString(CHECKOUT.resolve("docs/complaints.md"));
    for (String line : text.lines().toList()) {
      if (!line.startsWith("| ") || line.startsWith("| situation")) {
        continue;
      }
      List<MatchResult> claims = TEST.matcher(line).results().toList();
      if (claims.isEmpty()) {
        missing.add(line);
      }
      for (MatchResult claim : claims) {
        named++;
        String source = tests.getOrDefault(claim.group(1), "");
        if (!Pattern.compile("(void|Stream<DynamicTest>) " + claim.group(2) + "\\(")
            .matcher(source)
            .find()) {
          missing.add(claim.group());
        }
      }
    }
    assertEquals(Set.of(), missing);
    assertTrue(named >= 50, named + " tests");
  }

  private static List<Path> files(String ending) throws IOException {
    try (Stream<Path> walk = Files.walk(CHECKOUT)) {
      return walk.filter(file -> file.toString().endsWith(ending))
          .filter(file ->
              Stream.of("target", ".git")
                  .noneMatch(d ->
                      CHECKOUT.relativize(file).startsWith(d)
                          || file.toString().contains("/" + d + "/")))
          .toList();
    }
  }
}
