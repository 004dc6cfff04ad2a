package dev.drawbridge.policy.parse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.Severity;
import dev.drawbridge.policy.labels.KeptCapabilities;
import dev.drawbridge.policy.language.ContainerPolicy;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LabelParserTest {
  private static Problem only(Map<String, String> labels) {
    Parsed<ContainerPolicy> parsed = LabelParser.parse(labels);
    assertEquals(1, parsed.problems().size(), () -> parsed.problems().toString());
    return parsed.problems().getFirst();
  }

  @ParameterizedTest
  @CsvSource({
    "drawbrige.polcy,drawbridge.policy,DB0102",
    "drawbridge.polcy.x,drawbridge.policy.x,DB0101",
    "drawbridge.policy.,drawbridge.policy,DB0101",
    "drawbridge.mod,drawbridge.mode,DB0101",
    "drawbridge.allow.read,drawbridge.policy.read,DB0101",
    "Drawbridge.Policy.read,drawbridge.policy.read,DB0102",
    "drawbridge_policy_read,drawbridge.policy.read,DB0102",
    "io.drawbridge.policy.read,drawbridge.policy.read,DB0102",
    "drawbridge,drawbridge.policy,DB0101",
    "drawbridge.read,drawbridge.policy.read,DB0101",
  })
  void unknownKeysAreErrorsWithTheNearestMatch(String key, String nearest, String code) {
    Problem problem = only(Map.of(key, "app=api may GET /users"));
    assertEquals(code, problem.code());
    assertEquals(Severity.ERROR, problem.severity());
    assertEquals(Optional.of(nearest), problem.suggestion());
  }

  @ParameterizedTest
  @CsvSource({"drawbar.io/x", "com.example.app", "app", "traefik.http.routers.x.rule"})
  void foreignKeysArePassedOver(String key) {
    assertTrue(LabelParser.parse(Map.of(key, "x")).problems().isEmpty());
  }

  @Test
  void caretStandsUnderTheMistake() {
    Problem problem = only(Map.of("drawbridge.policy.read", "app=api may GETT /users"));
    assertEquals(
        """
        DB0111 drawbridge.policy.read column 13: the method 'GETT' is not known; expected an HTTP method; did you mean 'GET'?
            app=api may GETT /users
                        ^^^^\
        """,
        problem.withCaret());
  }

  @Test
  void severalLinesAreSeveralRules() {
    Parsed<ContainerPolicy> parsed =
        LabelParser.parse(
            Map.of("drawbridge.policy", "app=api may GET /a\n\n# note\napp=b may POST /b\n"));
    assertTrue(parsed.ok());
    assertEquals(2, parsed.value().rules().size());
    assertEquals("drawbridge.policy line 4", parsed.value().rules().get(1).origin().display());
  }

  @Test
  void oneBadLineDoesNotHideTheOthers() {
    Parsed<ContainerPolicy> parsed =
        LabelParser.parse(Map.of("drawbridge.policy", "app=api may GET users\napp=b may POST /b"));
    assertFalse(parsed.ok());
    assertEquals(1, parsed.value().rules().size());
    assertEquals(Optional.of("/users"), parsed.problems().getFirst().suggestion());
  }

  @ParameterizedTest
  @CsvSource({"enforced,enforce", "Audit,audit", "false,off", "on,enforce"})
  void badModeNamesTheNearest(String value, String nearest) {
    Problem problem = only(Map.of("drawbridge.mode", value));
    assertEquals("DB0117", problem.code());
    assertEquals(Optional.of(nearest), problem.suggestion());
  }

  @Test
  void onlyNetRawCanBeKept() {
    Map<String, String> kept = Map.of("drawbridge.capabilities", "net-raw");
    assertTrue(LabelParser.parse(kept).ok());
    assertTrue(KeptCapabilities.netRaw(kept));
    assertFalse(KeptCapabilities.netRaw(Map.of()));
  }

  @ParameterizedTest
  @CsvSource({"NET_RAW,net-raw", "CAP_NET_RAW,net-raw", "net-rw,net-raw", "sys-admin,", "'',"})
  void anyOtherCapabilityIsAProblemAndKeepsNothing(String value, String nearest) {
    Map<String, String> labels = Map.of("drawbridge.capabilities", value);
    Problem problem = only(labels);
    assertEquals("DB0120", problem.code());
    assertEquals(Optional.ofNullable(nearest), problem.suggestion());
    assertFalse(KeptCapabilities.netRaw(labels));
  }

  @Test
  void misspeltCapabilitiesKeyNamesTheRightOne() {
    Problem problem = only(Map.of("drawbridge.capabilites", "net-raw"));
    assertEquals(Optional.of("drawbridge.capabilities"), problem.suggestion());
  }

  @Test
  void labelBeyondContainerdsLimitIsRefused() {
    Problem problem = only(Map.of("drawbridge.policy.x", "app=api may GET /" + "x".repeat(4096)));
    assertEquals("DB0114", problem.code());
  }

  @Test
  void sentenceAboutTwoOthersIsRefused() {
    Problem problem =
        only(Map.of("app", "web", "drawbridge.policy.x", "app=api may GET /users on app=db"));
    assertEquals("DB0105", problem.code());
    assertTrue(
        LabelParser.parse(
                Map.of("app", "db", "drawbridge.policy.x", "app=api may GET /users on app=db"))
            .ok());
  }
}
