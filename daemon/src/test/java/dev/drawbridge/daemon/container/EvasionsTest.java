package dev.drawbridge.daemon.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EvasionsTest {

  @ParameterizedTest
  @CsvSource({
    "CapBnd:\t00000000a80425fb, CAP_NET_RAW",
    "CapBnd:\t00000000a80405fb,",
    "CapAmb:\t0000000000002000, CAP_NET_RAW",
    "CapPrm:\t0000000000001000, CAP_NET_ADMIN",
    "CapInh:\t0000000000200000, CAP_SYS_ADMIN",
    "CapEff:\tffffffffffffffff, CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_ADMIN"
  })
  void anySetOfAProcessCounts(String line, String found) throws IOException {
    assertEquals(
        found == null ? "" : found,
        String.join(" ", Evasions.ofStatus(List.of("Name:\tsh", line, "Threads:\t1"))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Name:\tsh", "CapBnd:\t", "CapBnd:\txyz", "Cap"})
  void statusThatCannotBeReadIsNoAbsence(String line) {
    assertThrows(IOException.class, () -> Evasions.ofStatus(List.of(line)));
  }
}
