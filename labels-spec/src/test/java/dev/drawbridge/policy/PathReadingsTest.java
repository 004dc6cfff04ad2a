package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PathReadingsTest {
  @ParameterizedTest
  @ValueSource(strings = {"/", "/users", "/.well-known/x", "/a~b", "/a%20b", "/caf%C3%A9", "/%25"})
  void hasOneReadingWhereAllServersAgree(String path) {
    assertEquals(List.of(path), PathReadings.of(path));
  }

  @Test
  void decodesUnreservedCharactersInEveryReading() {
    assertEquals(List.of("/users"), PathReadings.of("/%75sers"));
    assertEquals(List.of("/caf%C3%A9"), PathReadings.of("/caf%c3%a9"));
  }

  @ParameterizedTest
  @CsvSource({
    "/x/../denied",
    "//denied",
    "/x//../denied",
    "/x%2f..%2fdenied",
    "/x/%2e%2e/denied",
    "/%2564enied",
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
    "/%ef%bc%8fdenied",
    "/allowed%2e%2e%2fdenied",
    "/./denied",
    "/a/b/../../denied"
  })
  void findsTheReadingInWhichItIsDenied(String path) {
    List<String> readings = PathReadings.of(path);
    assertTrue(readings.contains("/denied"), path + " " + readings);
  }

  @Test
  void staysBoundedForLongPaths() {
    assertTrue(PathReadings.of("/.." + "/..".repeat(4000) + "/%5c;a%2f").size() < 100);
  }
}
