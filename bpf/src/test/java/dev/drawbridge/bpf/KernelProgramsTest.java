package dev.drawbridge.bpf;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Builds and runs the C tests of {@code src/test/bpf}; each of their claims is a test here. They
 * need root, clang, libbpf and a kernel with BTF.
 */
@Tag("kernel")
final class KernelProgramsTest {
  private static final Path OUT = Path.of("target", "kernel-tests").toAbsolutePath();
  private static final Pattern CLAIM = Pattern.compile("(not )?ok \\d+ - (.*)");
  private static final Pattern SUMS =
      Pattern.compile("(\\d+) passed, (\\d+) failed, (\\d+) skipped");

  @BeforeAll
  static void build() throws Exception {
    Run make = Run.of("make", "--silent", "--directory=src/test/bpf", "OUT=" + OUT);
    assertEquals(0, make.exit, () -> String.join("\n", make.lines));
  }

  @TestFactory
  List<DynamicTest> singlePrograms() throws Exception {
    return claims(OUT.resolve("unit_test").toString(), OUT + "/unit/drawbridge.bpf.o");
  }

  @TestFactory
  List<DynamicTest> tcp() throws Exception {
    return behaviour("tcp");
  }

  @TestFactory
  List<DynamicTest> engine() throws Exception {
    return behaviour("engine");
  }

  @TestFactory
  List<DynamicTest> udp() throws Exception {
    return behaviour("udp");
  }

  @TestFactory
  List<DynamicTest> bypass() throws Exception {
    return behaviour("bypass");
  }

  @TestFactory
  List<DynamicTest> packets() throws Exception {
    return behaviour("packets");
  }

  @TestFactory
  List<DynamicTest> guard() throws Exception {
    return behaviour("guard");
  }

  @TestFactory
  List<DynamicTest> veth() throws Exception {
    return behaviour("veth");
  }

  @TestFactory
  List<DynamicTest> identity() throws Exception {
    return behaviour("identity");
  }

  @TestFactory
  List<DynamicTest> kinds() throws Exception {
    return behaviour("kinds");
  }

  @TestFactory
  List<DynamicTest> churn() throws Exception {
    return behaviour("churn");
  }

  @TestFactory
  List<DynamicTest> rewrite() throws Exception {
    return behaviour("rewrite");
  }

  @TestFactory
  List<DynamicTest> floods() throws Exception {
    return behaviour("flood");
  }

  @TestFactory
  List<DynamicTest> refuse() throws Exception {
    return behaviour("refuse");
  }

  @TestFactory
  List<DynamicTest> shared() throws Exception {
    return behaviour("shared");
  }

  @TestFactory
  List<DynamicTest> settling() throws Exception {
    return behaviour("settle");
  }

  @TestFactory
  List<DynamicTest> names() throws Exception {
    return behaviour("names");
  }

  private static List<DynamicTest> behaviour(String group) throws Exception {
    return claims(OUT.resolve("behaviour_test").toString(), OUT + "/real/drawbridge.bpf.o", group);
  }

  /**
   * One test a claim, and one that all claims were made: a runner that dies early must not pass.
   */
  private static List<DynamicTest> claims(String... command) throws Exception {
    Run run = Run.of(command);
    List<DynamicTest> tests = new ArrayList<>();
    int made = 0;
    int summed = -1;
    for (int at = 0; at < run.lines.size(); at++) {
      Matcher claim = CLAIM.matcher(run.lines.get(at));
      Matcher sums = SUMS.matcher(run.lines.get(at));
      if (claim.matches()) {
        made++;
        boolean failed = claim.group(1) != null;
        String detail = at + 1 < run.lines.size() ? run.lines.get(at + 1) : "";
        tests.add(
            dynamicTest(
                claim.group(2),
                () -> {
                  if (failed) {
                    fail(detail);
                  }
                }));
      } else if (sums.matches()) {
        summed =
            Integer.parseInt(sums.group(1))
                + Integer.parseInt(sums.group(2))
                + Integer.parseInt(sums.group(3));
      }
    }
    int counted = made;
    int expected = summed;
    tests.add(
        dynamicTest(
            "every claim was made",
            () -> assertEquals(expected, counted, () -> String.join("\n", run.lines))));
    return tests;
  }

  private record Run(int exit, List<String> lines) {
    static Run of(String... command) throws IOException, InterruptedException {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      List<String> lines;
      try (var reader = process.inputReader(UTF_8)) {
        lines = reader.lines().toList();
      }
      if (!process.waitFor(2, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        fail("still running after two minutes: " + String.join(" ", command));
      }
      return new Run(process.exitValue(), lines);
    }
  }
}
