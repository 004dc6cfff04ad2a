package dev.drawbridge.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.bpf.abi.Drop;
import dev.drawbridge.bpf.abi.KernelHook;
import dev.drawbridge.bpf.abi.SourceLine;
import dev.drawbridge.bpf.ffi.LibBpf;
import dev.drawbridge.bpf.ffi.NativeFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Invariant 6 in the programs' sources, as the compiler reads them: what refuses goes through
 * {@code drops.h}, where it is counted with its file and line.
 */
class DropsTest {
  private static final Path SOURCES = Path.of("src/main/bpf").toAbsolutePath();

  /** The only functions that name DB_DROPPED: each has counted before, or is no refusal of ours. */
  private static final Set<String> DROPPING =
      Set.of("db_drop_judged_at", "db_drop_again_at", "db_unheard");

  @TempDir private Path directory;

  @Test
  void whatAnotherVersionsHookRefusedIsCountedAsUnknown() {
    byte[] key = new Drop(7, KernelHook.VETH, new SourceLine(3, 9)).encode();
    key[2] = (byte) 200;
    assertEquals(new Drop(7, KernelHook.UNKNOWN, new SourceLine(3, 9)), Drop.decode(key));
  }

  @Test
  void noProgramRefusesButByDropsH() throws NativeFailure {
    DropRules rules = DropRules.read(SOURCES, SOURCES.resolve("drawbridge.bpf.c"), DROPPING);
    assertEquals(List.of(), rules.findings());
    Set<String> read = rules.judged();
    try (LibBpf.Opened object = LibBpf.system().open(BpfObject.drawbridge(), "drops")) {
      Set<String> programs = new TreeSet<>();
      object
          .programs()
          .forEach(
              program -> programs.add(program.name().replace("sk_lookup", "sk_lookup_program")));
      programs.removeAll(read);
      assertEquals(Set.of(), programs, "programs that were not read");
    }
  }

  private List<String> findings(String body) throws IOException {
    Path source =
        Files.writeString(
            directory.resolve("guard.bpf.c"),
            """
            #include "include/sockets.h"
            DB_INLINE int number(void) { return 0; }
            DB_INLINE int as_tcx(enum db_fate fate) { return fate == DB_PASS ? -1 : 2; }
            DB_INLINE enum db_fate other(void) { return db_drop_again(0, 1); }
            SEC("cgroup_skb/egress")
            int probe(struct __sk_buff *skb) { %s }
            """
                .formatted(body));
    return DropRules.read(SOURCES, source, DROPPING).findings();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "return DB_PASS;",
        "return db_drop_again(0, 1);",
        "return skb->len ? DB_PASS : other();",
        "return as_tcx(other());",
        "enum db_fate fate = other(); if (fate != DB_PASS) return fate; fate = DB_PASS; return fate;",
      })
  void whatPassesOrIsCountedIsNoFinding(String body) throws IOException {
    assertEquals(List.of(), findings(body));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "return 0;",
        "return 1;",
        "return SK_DROP;",
        "return DB_DROPPED;",
        "return number();",
        "return skb->len > 3;",
        "return skb->len ? DB_PASS : 0;",
        "int fate = 0; return fate;",
        "enum db_fate fate = 0; return fate;",
        "enum db_fate fate = other(); fate = number(); return fate;",
        "enum db_fate fate = DB_PASS; fate ^= 1; return fate;",
        "enum db_fate fate = DB_PASS; fate--; return fate;",
        "enum db_fate fate = DB_PASS, *at = &fate; *(int *)at = 0; return fate;",
        "return as_tcx(0);",
        "return (int)(long)skb;",
      })
  void aBareRefusalIsFound(String body) throws IOException {
    assertEquals(1, findings(body).size(), body);
  }
}
