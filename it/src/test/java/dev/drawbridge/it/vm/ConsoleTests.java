package dev.drawbridge.it.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.drawbridge.bpf.KernelFeatures;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;

/** What a machine said, as tests: each claim, each runner, and that it did all it was asked. */
final class ConsoleTests {
  private static final String TCX = "tcx needs Linux 6.6";

  private ConsoleTests() {}

  static List<DynamicTest> of(Machine machine, Console console) {
    List<DynamicTest> tests = new ArrayList<>();
    tests.add(
        dynamicTest(
            "the machine did all it was asked",
            () -> {
              assertTrue(console.done(), () -> "after " + console.runners().keySet());
              assertEquals(machine.runners(), List.copyOf(console.runners().keySet()));
            }));
    tests.add(
        dynamicTest(
            "only what the kernel lacks was not tried",
            () ->
                assertEquals(
                    List.of(),
                    console.lacking().stream()
                        .filter(l -> !absent(console.kernel(), l))
                        .toList())));
    console.runners().forEach((name, runner) -> tests.addAll(of(name, runner)));
    return tests;
  }

  private static List<DynamicTest> of(String name, Console.Runner runner) {
    List<DynamicTest> tests = new ArrayList<>();
    for (Console.Claim claim : runner.claims()) {
      tests.add(
          dynamicTest(
              name + ": " + claim.name(),
              () -> {
                if (!claim.failure().isEmpty()) {
                  fail(claim.failure());
                }
              }));
    }
    tests.add(
        dynamicTest(
            name + " ended well, every claim made",
            () -> {
              assertEquals(0, runner.status(), () -> String.join("\n", runner.lines()));
              if (runner.summed() >= 0 || !runner.claims().isEmpty()) {
                assertEquals(runner.summed(), runner.claims().size());
              }
            }));
    return tests;
  }

  /**
   * What is known to be missing: tcx came with 6.6, the limit of a socket's options has been a
   * namespace's own since 6.8, and UDP-Lite went with 7.
   */
  private static boolean absent(String kernel, String claim) {
    if (KernelFeatures.atLeast(kernel, 7, 0)) {
      return claim.startsWith("UDP-Lite");
    }
    return (claim.endsWith(TCX) && !KernelFeatures.atLeast(kernel, 6, 6))
        || (claim.startsWith("no room for state") && !KernelFeatures.atLeast(kernel, 6, 8));
  }
}
