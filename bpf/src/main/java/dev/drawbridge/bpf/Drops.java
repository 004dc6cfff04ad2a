package dev.drawbridge.bpf;

import dev.drawbridge.bpf.abi.Drop;
import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.BpfException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The map {@code drops}: how often the programs refused, by reason, hook, file and line. */
public final class Drops {
  private final BpfMap map;

  /**
   * Reads a map.
   *
   * @param map {@code drops}; stays the caller's
   */
  public Drops(BpfMap map) {
    this.map = map;
  }

  /**
   * All counts, of all CPUs together. The map is not shared with other versions' programs, whose
   * lines are others.
   *
   * @throws BpfException if the kernel refuses
   */
  public Map<Drop, Long> counts() {
    Map<Drop, Long> counts = new LinkedHashMap<>();
    for (byte[] key : map.keys()) {
      long count = map.lookupPerCpu(key).stream().mapToLong(NativeOrder::asU64).sum();
      if (count > 0) {
        counts.merge(Drop.decode(key), count, Long::sum);
      }
    }
    return counts;
  }
}
