package dev.drawbridge.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Logs of real refusals, shortened. */
class VerifierLogTest {
  private static final String UNCHECKED =
      """
      0: R1=ctx() R10=fp0
      ; __u32 key = ctx->user_port;
      0: (61) r1 = *(u32 *)(r1 +24)         ; R1_w=scalar()
      7: (79) r1 = *(u64 *)(r0 +0)
      R0 invalid mem access 'map_value_or_null'
      processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0
      """;

  @Test
  void theLineThatMattersIsNeitherAStepNorAStatistic() {
    assertEquals(
        "R0 invalid mem access 'map_value_or_null'", VerifierLog.verdict(UNCHECKED, List.of()));
    assertEquals(
        "R0 invalid mem access 'map_value_or_null'"
            + " (a pointer is used without having been checked)",
        VerifierLog.explain(UNCHECKED, List.of()));
  }

  @Test
  void aLineOfNoKnownClassIsPassedOnAsItIs() {
    assertEquals(
        "something nobody has seen",
        VerifierLog.explain("0: (b7) r0 = 0\nsomething nobody has seen\n", List.of()));
  }

  @Test
  void withoutAKernelLogLibbpfsFirstLineCounts() {
    assertEquals(
        "elf: 'x' is not a proper ELF object",
        VerifierLog.explain("", List.of("libbpf: elf: 'x' is not a proper ELF object")));
    assertEquals("", VerifierLog.explain("", List.of()));
    assertEquals("", VerifierLog.explain("\n\n", List.of("")));
  }

  @Test
  void theRefusedProgramIsNamed() {
    assertEquals(
        Optional.of("connect4"),
        VerifierLog.refusedProgram(
            List.of(
                "libbpf: something else",
                "libbpf: prog 'connect4': BPF program load failed: Permission denied")));
    assertEquals(Optional.empty(), VerifierLog.refusedProgram(List.of("libbpf: other")));
  }

  @Test
  void everyClassHasAHintAndIsFoundByItsOwnSign() {
    for (VerifierLog.Cause cause : VerifierLog.Cause.values()) {
      assertFalse(cause.hint().isBlank(), cause.name());
    }
    assertTrue(VerifierLog.Cause.of("unknown func bpf_nothing#999").isPresent());
    assertTrue(VerifierLog.Cause.of("the sea was calm").isEmpty());
  }
}
