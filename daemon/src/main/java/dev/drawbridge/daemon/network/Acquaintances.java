package dev.drawbridge.daemon.network;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.MapFull;
import dev.drawbridge.bpf.key.NeighbourKey;
import dev.drawbridge.bpf.linux.NamespaceIds;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * Which network namespaces know which: a caller's program asks in the callee's whether anybody
 * listens, and finds it by an id alone that the caller's has for it. What has none is not asked:
 * the engine then finds out. Used by the control loop's thread alone.
 */
public final class Acquaintances {

  private static final System.Logger log = System.getLogger(Acquaintances.class.getName());

  /** Pairs that are tried again; of the rest the engine finds out. */
  private static final int MOST_FAILED = 1024;

  private final Entries neighbours;
  private final Entries bound;
  private final Map<Integer, Ids> asking = new HashMap<>();
  private final Introductions introductions = new Introductions();
  private final Set<NeighbourKey> failed = new LinkedHashSet<>();
  private Optional<String> full = Optional.empty();

  /** Who knows somebody, or is known: of others the map has nothing. */
  private final Set<Integer> met = new HashSet<>();

  /** Namespaces that cannot be asked, and for which there was no room to say so. */
  private final Set<Integer> withheld = new HashSet<>();

  /** A map, as far as it is needed here. */
  interface Entries {
    void put(byte[] key, byte[] value);

    boolean delete(byte[] key);

    static Entries of(BpfMap map) {
      return new Entries() {
        @Override
        public void put(byte[] key, byte[] value) {
          map.put(key, value);
        }

        @Override
        public boolean delete(byte[] key) {
          return map.delete(key);
        }
      };
    }
  }

  /** By which ids a namespace knows others. */
  interface Ids extends AutoCloseable {
    OptionalInt of(Member other) throws Exception;

    @Override
    void close();
  }

  /** A namespace that can be asked. */
  interface Member {
    NetworkNamespace namespace();

    /** Asks for it from now on; it stays open until that is closed. */
    default Ids ids() throws Exception {
      NamespaceIds ids = NamespaceIds.of(namespace());
      return new Ids() {
        @Override
        public OptionalInt of(Member other) {
          return ids.of(other.namespace().fd());
        }

        @Override
        public void close() {
          ids.close();
        }
      };
    }
  }

  /**
   * Takes the maps of the programs.
   *
   * @param neighbours whom a namespace knows
   * @param bound namespaces in which somebody listens by an interface
   */
  public static Acquaintances of(BpfMap neighbours, BpfMap bound) {
    // Numbers of namespaces may have become others' while nobody looked.
    int _ = neighbours.clear();
    return new Acquaintances(Entries.of(neighbours), Entries.of(bound));
  }

  Acquaintances(Entries neighbours, Entries bound) {
    this.neighbours = neighbours;
    this.bound = bound;
  }

  /**
   * From now on connections may ask in each namespace to which rules may redirect them, as far as
   * the map has room.
   */
  void introduce(Map<Integer, ? extends Member> open, IntPredicate calls, IntPredicate isCalled) {
    List<NeighbourKey> again = List.copyOf(failed);
    failed.clear();
    again.forEach(pair -> introduce(open, pair.netns(), pair.other()));
    introductions.walk(open.keySet(), calls, isCalled, (from, to) -> introduce(open, from, to));
  }

  /** No rule redirects anything: nobody is to know anybody new. */
  void introduceNobody() {
    introductions.nobody();
  }

  private void introduce(Map<Integer, ? extends Member> open, int from, int to) {
    Member one = open.get(from);
    Member other = open.get(to);
    if (full.isEmpty() && one != null && other != null && !withheld.contains(to)) {
      introduce(from, one, to, other);
    }
  }

  private void introduce(int from, Member one, int to, Member other) {
    try {
      Ids ids = asking.get(from);
      if (ids == null) {
        ids = one.ids();
        asking.put(from, ids);
      }
      OptionalInt id = ids.of(other);
      if (id.isPresent()) {
        neighbours.put(new NeighbourKey(from, to).encode(), NativeOrder.u32(id.getAsInt()));
        met.add(from);
        met.add(to);
      } else {
        later(from, to);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (MapFull e) {
      full =
          Optional.of(
              "map neighbours is full ("
                  + e.maxEntries()
                  + " pairs of network namespaces): connections of later containers are not refused"
                  + " at connect() where nobody listens, but answered by the engine");
      log.log(Level.WARNING, full.get());
    } catch (Exception e) {
      // A namespace that is ending.
      log.log(Level.DEBUG, "namespace " + from + " does not get to know " + to, e);
      later(from, to);
    }
  }

  private void later(int from, int to) {
    if (failed.size() < MOST_FAILED) {
      failed.add(new NeighbourKey(from, to));
    }
  }

  /** Why some namespaces are not introduced, since when there was no room; empty if all are. */
  Optional<String> full() {
    return full;
  }

  /** A search for listeners in that namespace says too little. */
  void cannotBeAsked(int number) {
    try {
      bound.put(NativeOrder.u32(number), NativeOrder.u32(1));
    } catch (MapFull e) {
      // Who calls there would be refused as if nobody listened: nobody is to know it.
      withheld.add(number);
      log.log(Level.WARNING, "who listens in namespace " + number, e);
    }
  }

  /** What was known by the number, of who listens there, was another's. */
  void begins(int number) {
    boolean _ = bound.delete(NativeOrder.u32(number));
  }

  /**
   * What the number meant it means no longer. Before its namespace is let go: then the kernel may
   * give the ids by which it was known to others.
   *
   * @param others the namespaces that are open
   */
  void forget(int number, Set<Integer> others) {
    Ids ids = asking.remove(number);
    if (ids != null) {
      ids.close();
    }
    introductions.forget(number);
    withheld.remove(number);
    failed.removeIf(pair -> pair.netns() == number || pair.other() == number);
    if (!met.contains(number)) {
      return;
    }
    try {
      boolean room = false;
      for (int other : others) {
        room |= neighbours.delete(new NeighbourKey(number, other).encode());
        room |= neighbours.delete(new NeighbourKey(other, number).encode());
      }
      // Not before: what is left of it is tried again.
      boolean _ = met.remove(number);
      if (room && full.isPresent()) {
        full = Optional.empty();
        // For whom there was no room: nobody asks for them otherwise.
        introductions.nobody();
      }
    } catch (BpfException e) {
      log.log(Level.WARNING, "whom namespace " + number + " knew", e);
    }
  }
}
