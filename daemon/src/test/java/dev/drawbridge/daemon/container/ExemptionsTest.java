package dev.drawbridge.daemon.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExemptionsTest {

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "registry, registry, true",
    "registry, registry2, false",
    "reg*, registry, true",
    "*-proxy, web-proxy, true",
    "*-proxy, web-proxy-2, false",
    "*a*b*, xaxxbx, true",
    "*, anything, true",
    "'', anything, false",
    "role=infra, anything, true",
    "role=other, anything, false",
    "team=infra, anything, false",
  })
  void matchesWholeNamesWildcardsAndLabels(String entry, String name, boolean covered)
      throws IOException {
    Exemptions exemptions = new Exemptions(List.of(entry), directory);
    assertEquals(covered, exemptions.covers(name, Map.of("role", "infra")));
  }

  @Test
  void keepsAFileForTheShimAndTakesItBack() throws IOException {
    Exemptions exemptions = new Exemptions(List.of(), directory.resolve("exempt"));
    exemptions.note("abc123", true);
    exemptions.note("abc123", true);
    assertTrue(Files.exists(directory.resolve("exempt/abc123")));
    exemptions.note("abc123", false);
    exemptions.note("abc123", false);
    assertFalse(Files.exists(directory.resolve("exempt/abc123")));
  }

  @Test
  void neverLeavesItsDirectory() throws IOException {
    new Exemptions(List.of(), directory.resolve("exempt")).note("../escaped", true);
    assertFalse(Files.exists(directory.resolve("escaped")));
  }
}
