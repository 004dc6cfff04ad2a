package dev.drawbridge.it.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the kernel lane claims of this machine's kernel is tried on all of them. */
final class MachineTest {
  private static final Pattern GROUP = Pattern.compile("\\{ \"([a-z]+)\", [a-z]+_cases \\}");

  @Test
  void everyKernelIsAskedEveryClaim() throws IOException {
    Set<String> groups = new LinkedHashSet<>(List.of("single"));
    Matcher matcher =
        GROUP.matcher(Files.readString(Qemu.CHECKOUT.resolve("bpf/src/test/bpf/behaviour_test.c")));
    while (matcher.find()) {
      groups.add(matcher.group(1));
    }
    assertEquals(groups, new LinkedHashSet<>(Machine.CLAIMS));
  }
}
