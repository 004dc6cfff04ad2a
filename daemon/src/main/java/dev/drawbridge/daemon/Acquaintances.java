package dev.drawbridge.daemon;

import dev.drawbridge.bpf.BpfException;
import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.NamespaceIds;
import dev.drawbridge.bpf.NeighbourKey;
import dev.drawbridge.bpf.NetworkNamespace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Which network namespaces know which: a caller's program asks in the callee's whether anybody
 * listens, and finds it by an id alone that the caller's has for it. What has none is not asked:
 * the engine then finds out. Used by the control loop's thread alone.
 */
final class Acquaintances {

  private static final Logger log = Logger.getLogger(Acquaintances.class.getName());

  private final BpfMap neighbours;
  private final BpfMap bound;
  private final Map<Integer, NamespaceIds> asking = new HashMap<>();
  private final Map<Integer, Set<Integer>> known = new HashMap<>();

  /**
   * @param neighbours whom a namespace knows
   * @param bound namespaces in which somebody listens by an interface
   */
  Acquaintances(BpfMap neighbours, BpfMap bound) {
    this.neighbours = neighbours;
    this.bound = bound;
    // Numbers of namespaces may have become others' while nobody looked.
    int _ = neighbours.clear();
  }

  /** From now on connections of the one may ask in the other. */
  void introduce(int from, NetworkNamespace namespace, int to, NetworkNamespace other) {
    if (from == to || !known.computeIfAbsent(from, _ -> new HashSet<>()).add(to)) {
      return;
    }
    try {
      NamespaceIds ids = asking.get(from);
      if (ids == null) {
        ids = NamespaceIds.of(namespace);
        asking.put(from, ids);
      }
      OptionalInt id = ids.of(other.fd());
      if (id.isPresent()) {
        neighbours.put(new NeighbourKey(from, to).encode(), u32(id.getAsInt()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      // A full map, or a namespace that is ending.
      log.log(Level.FINE, "namespace " + from + " does not get to know " + to, e);
    }
  }

  /** A search for listeners in that namespace says too little. */
  void cannotBeAsked(int number) {
    bound.put(u32(number), u32(1));
  }

  /** What was known by the number was another's. */
  void begins(int number) {
    boolean _ = bound.delete(u32(number));
  }

  /** Nobody lives in the namespace any more. */
  void forget(int number) {
    NamespaceIds ids = asking.remove(number);
    if (ids != null) {
      ids.close();
    }
    try {
      for (int other : known.getOrDefault(number, Set.of())) {
        boolean _ = neighbours.delete(new NeighbourKey(number, other).encode());
      }
      known.remove(number);
      for (Map.Entry<Integer, Set<Integer>> each : known.entrySet()) {
        if (each.getValue().remove(number)) {
          boolean _ = neighbours.delete(new NeighbourKey(each.getKey(), number).encode());
        }
      }
      begins(number);
    } catch (BpfException e) {
      log.log(Level.FINE, "whom namespace " + number + " knew", e);
    }
  }

  private static byte[] u32(int value) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder()).putInt(value).array();
  }
}
