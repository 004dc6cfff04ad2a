package dev.drawbridge.policy.path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Scene;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.http.Headers;
import dev.drawbridge.policy.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** SPEC A4, R1 to R3. */
final class PathReadingsTest {
  private static final String[] PIECES = {
    "/",
    "//",
    "/x",
    "/denied",
    "/DENIED",
    "denied",
    "x",
    ".",
    "..",
    "/.",
    "/..",
    ";",
    ";a=b",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    "%2e",
    "%2E%2e",
    "%252f",
    "%2564",
    "%64",
    "%44",
    "%0a",
    "%09",
    "%0d",
    "%23",
    "%3f",
    "%2500",
    "%20",
    "+",
    "%3b",
    "%C3%A9",
    "%ef%bc%8f",
    "%25c0%25af",
    "/open",
    "e",
    "%2565"
  };

  @ParameterizedTest
  @ValueSource(strings = {"/", "/users", "/.well-known/x", "/a~b", "/a%20b", "/caf%C3%A9", "/%25"})
  void hasOneReadingWhereAllServersAgree(String path) {
    assertEquals(List.of(path), PathReadings.of(path).paths());
  }

  @Test
  void decodesUnreservedCharactersInEveryReading() {
    assertEquals(List.of("/users"), PathReadings.of("/%75sers").paths());
    assertEquals(List.of("/caf%C3%A9"), PathReadings.of("/caf%c3%a9").paths());
  }

  @ParameterizedTest
  @CsvSource({
    "/x/../denied",
    "//denied",
    "//x/denied",
    "//x:80/denied",
    "/%2fx/denied",
    "/\\x/denied",
    "/x//../denied",
    "/x%2f..%2fdenied",
    "/x/%2e%2e/denied",
    "/x/%2e%2e/../denied",
    "/%2564enied",
    "/%252564enied",
    "/%252e%252e%252fdenied",
    "\\denied",
    "/x\\..\\denied",
    "/x%5c..%5cdenied",
    "/denied;a=b",
    "/;a=b/denied",
    "/x/..;a=b/denied",
    "/denied%3ba=b",
    "/denied%20",
    "/denied%0d%0a",
    "/denied%23x",
    "/denied%3fx",
    "/denied%2500.png",
    "/%0adenied",
    "/%09denied",
    "/den%0d%0aied",
    "/%250adenied",
    "/%ef%bc%8fdenied",
    "/x/%ef%bc%8e%ef%bc%8e/denied",
    "/x/%e2%80%a5/denied",
    "/x%25c0%25af..%25c0%25afdenied",
    "/x%25e0%2580%25af../denied",
    "/%25u0064enied",
    "/allowed%2e%2e%2fdenied",
    "/allowed../denied",
    "/./denied",
    "/a/b/../../denied"
  })
  void findsTheReadingInWhichItIsDenied(String path) {
    List<String> readings = PathReadings.of(path).paths();
    assertTrue(readings.contains("/denied"), path + " " + readings);
  }

  /** Letters of other widths, and what Windows leaves off: only a may-not looks at them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/%ef%bd%84enied",
        "/%25ef%25bd%2584enied",
        "/denied.",
        "/denied%20.",
        "/denied::$DATA",
        "/x/denied./..",
        "/denied./x/.."
      })
  void letsOnlyMayNotRulesSeeWhatFewServersRead(String path) {
    PathReadings readings = PathReadings.of(path);
    List<String> seen = new ArrayList<>(readings.forbidden());
    seen.addAll(readings.paths());
    assertTrue(
        seen.stream().anyMatch(p -> p.matches("/denied/?|/x/")), path + " " + readings.forbidden());
    assertFalse(readings.paths().contains("/denied"), path);
  }

  @Test
  void ordinaryPathsAreFarFromTheLimit() {
    for (String path :
        List.of(
            "/@scope%2fpackage",
            "/api/v4/projects/group%2Fsub%2Fproject/repository/files/src%2Fmain%2Fa.c/raw",
            "/a%20b%28c%29/%E4%BD%A0%E5%A5%BD;jsessionid=1",
            "/x/./y/../z//w",
            "/Packages('a')/Default.Do(b='%20c%2Fd')",
            "/https://example.com/a/../b",
            "/" + "%E4%BD%A0".repeat(1000) + "%2f")) {
      PathReadings readings = PathReadings.of(path);
      assertFalse(readings.tooMany(), path);
      assertTrue(
          readings.work() * 2
              <= Math.max(
                  PathReadings.LEAST_WORK, (long) PathReadings.WORK_PER_OCTET * path.length()),
          path + " " + readings.work());
    }
  }

  @Test
  void noPathNeedsMoreThanAllMayBecauseItIsLong() {
    PathReadings readings = PathReadings.of("/" + "%2e%2f;a%252e/".repeat(1_150));
    assertTrue(readings.tooMany());
    assertTrue(readings.work() <= PathReadings.MOST_WORK + 3 * 16_384, "" + readings.work());
  }

  @Test
  void theLongestHonestPathsMayBeReadInSeveralWays() {
    for (String piece : List.of("a%20b%20c/", "%C3%A4%C3%B6/", "a/./b/../", "a;v=1/", "a%252Fb/")) {
      PathReadings readings = PathReadings.of("/" + piece.repeat(16_000 / piece.length()));
      assertFalse(readings.tooMany(), piece + " " + readings.work());
    }
  }

  /** A look at the whole rest for each name took half a minute. */
  @Test
  @Timeout(15)
  void namesAreReadAsWindowsDoesInOnePass() {
    assertEquals("/a".repeat(400_000), PathForms.windows("/a.".repeat(400_000)));
    assertEquals("/a/b/c", PathForms.windows("/a::$DATA/b.. /c::$INDEX"));
  }

  /** Counts work, not time. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/..",
        "/%5c;a%2f",
        "%255c",
        "//",
        "/..;",
        "%252f..",
        "/%2e%2e",
        "\\",
        "%25u0041",
        "%0a%09",
        "%ef%bc%8f",
        "a../",
        "::$",
        "./",
        ";/",
        "%25",
        "%3f%23"
      })
  void workIsBoundedForEachOctet(String piece) {
    for (int octets : new int[] {64, 1024, 16 * 1024, 64 * 1024}) {
      String path = "/.." + piece.repeat(octets / piece.length()) + "/%5c;a%2f..%2f%252e//x";
      PathReadings readings = PathReadings.of(path);
      long bearable =
          Math.max(PathReadings.LEAST_WORK, (long) PathReadings.WORK_PER_OCTET * path.length());
      // The step that goes beyond is the last one.
      assertTrue(readings.work() <= bearable + 3L * path.length(), piece + " " + readings.work());
      int all = readings.paths().size() + readings.forbidden().size();
      assertTrue(all <= PathReadings.MAX_READINGS, piece + " " + all);
      long kept = readings.paths().stream().mapToLong(String::length).sum();
      assertTrue(kept <= 3 * readings.work(), piece + " " + kept);
    }
  }

  @Test
  void whatIsEncodedMoreOftenThanAnybodyDecodesIsRefused() {
    assertFalse(PathReadings.of("/%252561").tooMany());
    assertTrue(PathReadings.of("/%2525252561").tooMany());
    Verdict verdict = shop("anyone may ANY /**").ask("api", "db", "READ /%2525252561");
    assertEquals(Decision.DENY, verdict.decision());
    assertEquals(Reason.HTTP_PATH_AMBIGUOUS, verdict.reason());
  }

  private static Scene shop(String... rules) {
    return new Scene().container("api", "app=api").container("db", rules);
  }

  private static String random(Random random) {
    StringBuilder path = new StringBuilder("/");
    int pieces = 1 + random.nextInt(6);
    for (int i = 0; i < pieces; i++) {
      path.append(PIECES[random.nextInt(PIECES.length)]);
    }
    return path.toString();
  }

  /** What may not be asked for is not reached, however the path is written and whoever reads it. */
  @Test
  void mayNotHoldsForEveryReadingOfEveryServerInTheTable() {
    Policy policy =
        shop("anyone may ANY /**", "anyone may not ANY /denied", "anyone may not ANY /Open/x")
            .policy();
    var reached = new TreeMap<String, Integer>();
    Random random = new Random(11);
    for (int i = 0; i < 200_000; i++) {
      String path = random(random);
      boolean allowed =
          policy
                  .judge(257 - 1, 257, 80, HttpRequest.read("GET", path, "", "", Headers.NONE))
                  .decision()
              == Decision.ALLOW;
      Servers.ALL.forEach((server, reading) -> {
        Optional<String> read = reading.apply(path);
        if (read.isPresent() && isDenied(read.get())) {
          reached.merge(server, 1, Integer::sum);
          assertFalse(allowed, server + " reads " + path + " as " + read.get());
        }
      });
    }
    // Each row of the table was of use.
    assertEquals(Servers.ALL.keySet(), reached.keySet(), reached.toString());
  }

  private static boolean isDenied(String read) {
    String plain = read.toLowerCase(Locale.ROOT);
    return plain.equals("/denied") || plain.equals("/denied/") || plain.equals("/open/x");
  }

  /** What may be asked for is what the rule says, to whichever server. */
  @Test
  void mayNeverBecomesWiderByAReading() {
    Policy policy = shop("anyone may ANY /open", "anyone may ANY /x/**").policy();
    Random random = new Random(12);
    int allowed = 0;
    for (int i = 0; i < 200_000; i++) {
      String path = random(random).replace("/denied", "/open").replace("//", "/");
      HttpRequest request = HttpRequest.read("GET", path, "", "", Headers.NONE);
      if (policy.judge(256, 257, 80, request).decision() != Decision.ALLOW) {
        continue;
      }
      allowed++;
      Servers.ALL.forEach((server, reading) ->
          reading
              .apply(path)
              .ifPresent(
                  read -> assertTrue(isOpen(read), server + " reads " + path + " as " + read)));
    }
    assertTrue(allowed > 1000, "" + allowed);
  }

  /** Servers without case, and without a slash at the end, have neither for any path. */
  private static boolean isOpen(String read) {
    String plain = read.toLowerCase(Locale.ROOT);
    return plain.equals("/open")
        || plain.equals("/open/")
        || plain.equals("/x")
        || plain.startsWith("/x/");
  }

  @Test
  void onlyAsciiLettersFold() {
    Scene scene = shop("anyone may ANY /**", "anyone may not ANY /caf%C3%A9/Secret");
    assertEquals(Decision.DENY, scene.decide("api", "db", "READ /CAF%c3%a9/sEcRet"));
    assertEquals(Decision.ALLOW, scene.decide("api", "db", "READ /caf%C3%89/secret"));
    assertNotEquals(Decision.ALLOW, scene.decide("api", "db", "READ /%43af%C3%A9/%53ecret/"));
  }
}
