package dev.drawbridge.it.vm;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * A Debian 12 with systemd, its own engine and the unit that {@code drawbridge install --systemd}
 * writes: hardening, rules, a restart under traffic, a boot in the right order and one in the wrong
 * order. {@code it/src/test/vm/systemd-guest} is what it runs.
 */
@Tag("vm")
final class SystemdTest {
  private final Qemu qemu = Qemu.here();

  @TestFactory
  List<DynamicTest> machine() throws Exception {
    if (!Machine.SYSTEMD.asked()) {
      return List.of();
    }
    try {
      qemu.fetch("tools");
      qemu.fetch(Machine.SYSTEMD.image());
    } catch (Qemu.Unavailable e) {
      return List.of(dynamicTest(Machine.SYSTEMD.name() + " is there", () -> fail(e.sentence())));
    }
    qemu.build(Qemu.CHECKOUT);
    Console console = qemu.boot(Machine.SYSTEMD);
    Path facts = qemu.cache().resolve(Machine.SYSTEMD.image()).resolve("facts");
    Map<String, String> engine = new TreeMap<>();
    for (String line : Files.readAllLines(facts)) {
      String[] parts = line.split("=", 2);
      engine.put(parts[0], parts[1]);
    }
    Results.record(
        qemu.cache(),
        Map.of(Machine.SYSTEMD.name(), Results.seen(Machine.SYSTEMD, console, engine)));
    return ConsoleTests.of(Machine.SYSTEMD, console);
  }
}
