package dev.drawbridge.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.drawbridge.bpf.OtherPrograms.Known;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class OtherProgramsTest {
  private static final Known REFUSE4 = new Known("cgroup_sock_addr", "refuse4");

  private static int refusing() {
    return OtherPrograms.loaded().getOrDefault(REFUSE4, 0);
  }

  @Test
  void othersAreListedAsLongAsTheyAreLoadedAndOursAreNot() {
    int before = refusing();
    try (BpfObject _ = BpfObject.load(SampleObject.sample());
        KernelLab lab = new KernelLab();
        BpfObject ours = BpfObject.load(BpfObject.drawbridge(), lab.bpffs())) {
      assertEquals(before + 1, refusing());
      for (String name : ours.programs()) {
        String cut = name.substring(0, Math.min(name.length(), 15));
        assertFalse(
            OtherPrograms.loaded().keySet().stream().anyMatch(known -> known.name().equals(cut)),
            name);
      }
    }
    assertEquals(before, refusing());
  }
}
