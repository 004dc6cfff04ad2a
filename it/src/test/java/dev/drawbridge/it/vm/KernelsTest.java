package dev.drawbridge.it.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.drawbridge.testkit.VerifierBaseline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Boots every kernel, two at a time, and makes a test of each program, claim and run. One machine
 * has systemd as its first process, its own engine and the unit that {@code drawbridge install
 * --systemd} writes: hardening, rules, a restart under traffic, a boot in the right order and one
 * in the wrong order. {@code it/src/test/vm/guest} and {@code systemd-guest} are what they run. A
 * machine that the mirror does not have makes no test: it is a line of {@code
 * target/vm-unavailable}, which the front door counts; one of Debian 12 or 13 is a failure.
 */
@Tag("vm")
final class KernelsTest {
  private static final Path UNAVAILABLE = Path.of("target", "vm-unavailable");

  private final Qemu qemu = Qemu.here();

  /** A machine's end: a console, or why there is none. */
  private sealed interface Outcome {
    record Ran(Console console) implements Outcome {}

    record Unavailable(String sentence) implements Outcome {}

    record Hung(String sentence) implements Outcome {}
  }

  @TestFactory
  List<DynamicNode> machines() throws Exception {
    List<Machine> machines = Machine.ALL.stream().filter(Machine::asked).toList();
    if (machines.isEmpty()) {
      return List.of();
    }
    Map<Machine, Outcome> outcomes = run(machines);
    List<String> unavailable = new ArrayList<>();
    Map<String, Results.Seen> seen = new LinkedHashMap<>();
    List<DynamicNode> tests = new ArrayList<>();
    for (Map.Entry<Machine, Outcome> entry : outcomes.entrySet()) {
      Machine machine = entry.getKey();
      switch (entry.getValue()) {
        case Outcome.Unavailable missing -> {
          unavailable.add(machine.name() + ": " + missing.sentence());
          if (machine.required()) {
            tests.add(dynamicTest(machine.name() + " is there", () -> fail(missing.sentence())));
          }
        }
        case Outcome.Hung hung ->
            tests.add(dynamicTest(machine.name() + " ends", () -> fail(hung.sentence())));
        case Outcome.Ran ran -> {
          seen.put(machine.name(), Results.seen(machine, ran.console(), facts(machine)));
          tests.add(dynamicContainer(machine.name(), tests(machine, ran.console())));
        }
      }
    }
    Files.createDirectories(UNAVAILABLE.getParent());
    Files.write(UNAVAILABLE, unavailable);
    Results.record(qemu.cache(), seen);
    return tests;
  }

  private Map<Machine, Outcome> run(List<Machine> machines) throws Exception {
    Map<Machine, Outcome> outcomes = new LinkedHashMap<>();
    Map<Machine, Future<Outcome>> running = new LinkedHashMap<>();
    try {
      qemu.fetch("tools");
    } catch (Qemu.Unavailable e) {
      machines.forEach(machine -> outcomes.put(machine, new Outcome.Unavailable(e.sentence())));
      return outcomes;
    }
    List<Machine> there = new ArrayList<>();
    for (Machine machine : machines) {
      try {
        qemu.fetch(machine.image());
        there.add(machine);
      } catch (Qemu.Unavailable e) {
        outcomes.put(machine, new Outcome.Unavailable(e.sentence()));
      }
    }
    qemu.build(Qemu.CHECKOUT);
    // A guest has two processors, most of the time idle: two of them use this machine's two.
    try (ExecutorService pool = Executors.newFixedThreadPool(2)) {
      for (Machine machine : there) {
        running.put(machine, pool.submit(() -> new Outcome.Ran(qemu.boot(machine))));
      }
      for (Map.Entry<Machine, Future<Outcome>> entry : running.entrySet()) {
        try {
          outcomes.put(entry.getKey(), entry.getValue().get());
        } catch (ExecutionException e) {
          // The others' results are worth having all the same.
          outcomes.put(entry.getKey(), new Outcome.Hung(String.valueOf(e.getCause())));
        }
      }
    }
    return outcomes;
  }

  private Map<String, String> facts(Machine machine) throws IOException {
    Map<String, String> facts = new LinkedHashMap<>();
    Path file = qemu.cache().resolve(machine.image()).resolve("facts");
    if (!machine.foreign()) {
      for (String line : Files.readAllLines(file)) {
        String[] parts = line.split("=", 2);
        facts.put(parts[0], parts[1]);
      }
    }
    return facts;
  }

  private static List<DynamicTest> tests(Machine machine, Console console) {
    List<DynamicTest> tests = new ArrayList<>(ConsoleTests.of(machine, console));
    tests.addAll(verifier(console));
    if (machine.runners().contains("doctor")) {
      tests.add(
          dynamicTest(
              "doctor names what the kernel lacks, and the threat model too",
              () -> {
                List<String> lacks = Doctor.lacks(console);
                assertEquals(Doctor.younger(console.kernel()), lacks);
                String model = Files.readString(Qemu.CHECKOUT.resolve("docs/threat-model.md"));
                for (String since : Doctor.since(lacks)) {
                  assertTrue(model.contains("Linux " + since), since);
                }
              }));
    }
    return tests;
  }

  private static List<DynamicTest> verifier(Console console) {
    List<DynamicTest> tests = new ArrayList<>();
    console
        .programs()
        .forEach((name, program) -> {
          System.out.printf(
              "%-28s %-16s %8d instructions%s%n",
              console.kernel(),
              name,
              program.instructions(),
              program.attached() ? "" : ", no place to attach it");
          tests.add(
              dynamicTest(
                  "verifier: " + name + " has not grown by a fifth",
                  () -> {
                    long most = VerifierBaseline.most(console.kernel(), name);
                    assertTrue(
                        program.instructions() <= most,
                        () -> program.instructions() + " instructions, at most " + most);
                  }));
        });
    return tests;
  }
}
