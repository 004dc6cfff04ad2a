package dev.drawbridge.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class HelpTest {
  private static String expected(String name) throws IOException {
    try (InputStream in = HelpTest.class.getResourceAsStream("help/" + name + ".txt")) {
      assertNotNull(in, name);
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void helpTextsAreExactlyTheCommittedOnes() throws IOException {
    assertEquals(expected("drawbridge"), Typed.run("--help").out());
    for (String command : Typed.commandNames()) {
      Typed typed = Typed.run(command, "--help");
      assertEquals(0, typed.exit());
      assertEquals(expected(command), typed.out(), command);
    }
  }

  @Test
  void helpFitsEightyColumns() {
    for (String command : Typed.commandNames()) {
      assertTrue(
          Typed.run(command, "--help").out().lines().allMatch(l -> l.length() <= 80), command);
    }
  }

  @Test
  void versionIsPrinted() {
    assertTrue(Typed.run("--version").out().startsWith("drawbridge "));
  }
}
