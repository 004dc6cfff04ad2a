package dev.drawbridge.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What Docker's book says that a container was granted. */
class EngineCapabilitiesTest {

  private static Set<String> of(boolean privileged, String add, String drop) {
    return EngineCapabilities.of(
        privileged,
        add.isEmpty() ? List.of() : List.of(add.split(" ")),
        drop.isEmpty() ? List.of() : List.of(drop.split(" ")));
  }

  @Test
  void netRawIsADefaultOfTheEngine() {
    assertEquals(Set.of("CAP_NET_RAW"), of(false, "", ""));
    assertEquals(Set.of(), of(false, "", "NET_RAW"));
    assertEquals(Set.of(), of(false, "", "ALL"));
    assertEquals(Set.of("CAP_NET_RAW"), of(false, "CAP_NET_RAW", "all"));
  }

  @Test
  void whatWasAskedForIsGranted() {
    assertEquals(Set.of("CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_ADMIN"), of(true, "", "NET_RAW"));
    assertEquals(Set.of("CAP_NET_ADMIN", "CAP_NET_RAW"), of(false, "net_admin SYS_TIME", "CHOWN"));
    assertEquals(Set.of("CAP_NET_ADMIN", "CAP_NET_RAW"), of(false, "ALL", "SYS_ADMIN"));
    assertEquals(Set.of("CAP_SYS_ADMIN"), of(false, "CAP_SYS_ADMIN", "NET_RAW"));
  }
}
