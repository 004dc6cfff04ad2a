package dev.drawbridge.control;

import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.kernel.PairEntry;
import dev.drawbridge.policy.kernel.PortTable;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The port table of each pair, kept as the policy made them: a list a side. A side that a
 * generation did not touch has the list of the generation before, so two of these differ only where
 * their lists do, and nobody goes through the pairs of a thousand containers because one changed.
 */
final class PairsBySide extends AbstractMap<PairKey, PortTable> {

  /** What one container's sides say of its peers. */
  private record Sides(List<PairEntry> egress, List<PairEntry> ingress) {
    static final Sides NONE = new Sides(List.of(), List.of());

    List<PairEntry> of(Direction direction) {
      return switch (direction) {
        case EGRESS -> egress;
        case INGRESS -> ingress;
      };
    }

    boolean isEmpty() {
      return egress.isEmpty() && ingress.isEmpty();
    }
  }

  /** Is told of one pair that differs. */
  interface Difference {
    void found(PairKey pair, @Nullable PortTable before, @Nullable PortTable now);
  }

  private final Map<Integer, Sides> byOwner = new HashMap<>();
  private int size;

  /** The pairs of a policy, but of those whose rules are not to be trusted. */
  static PairsBySide of(Policy policy, Iterable<Integer> owners, Set<Integer> broken) {
    PairsBySide all = new PairsBySide();
    for (int owner : owners) {
      if (!broken.contains(owner)) {
        Sides sides =
            new Sides(
                policy.pairs(owner, Direction.EGRESS), policy.pairs(owner, Direction.INGRESS));
        if (!sides.isEmpty()) {
          all.byOwner.put(owner, sides);
          all.size += sides.egress.size() + sides.ingress.size();
        }
      }
    }
    return all;
  }

  /** Everything in which two of any kind differ. */
  static void differences(
      Map<PairKey, PortTable> before, Map<PairKey, PortTable> now, Difference sink) {
    if (before instanceof PairsBySide mine && now instanceof PairsBySide theirs) {
      mine.differences(theirs, sink);
      return;
    }
    now.forEach((pair, table) -> {
      PortTable old = before.get(pair);
      if (!table.equals(old)) {
        sink.found(pair, old, table);
      }
    });
    before.forEach((pair, table) -> {
      if (!now.containsKey(pair)) {
        sink.found(pair, table, null);
      }
    });
  }

  private void differences(PairsBySide now, Difference sink) {
    now.byOwner.forEach((owner, sides) -> {
      Sides old = byOwner.getOrDefault(owner, Sides.NONE);
      for (Direction direction : Direction.values()) {
        differences(owner, direction, old.of(direction), sides.of(direction), sink);
      }
    });
    byOwner.forEach((owner, old) -> {
      if (!now.byOwner.containsKey(owner)) {
        for (Direction direction : Direction.values()) {
          differences(owner, direction, old.of(direction), List.of(), sink);
        }
      }
    });
  }

  @SuppressWarnings("ReferenceEquality") // a side that did not change has the list it had
  private static void differences(
      int owner,
      Direction direction,
      List<PairEntry> before,
      List<PairEntry> now,
      Difference sink) {
    if (before == now) {
      return;
    }
    Map<Integer, PortTable> old = new HashMap<>();
    before.forEach(entry -> old.put(entry.peer(), entry.table()));
    for (PairEntry entry : now) {
      PortTable was = old.remove(entry.peer());
      if (!entry.table().equals(was)) {
        sink.found(new PairKey(owner, direction, entry.peer()), was, entry.table());
      }
    }
    old.forEach((peer, was) -> sink.found(new PairKey(owner, direction, peer), was, null));
  }

  @Override
  public @Nullable PortTable get(@Nullable Object key) {
    if (key instanceof PairKey(int owner, Direction direction, int peer)) {
      for (PairEntry entry : byOwner.getOrDefault(owner, Sides.NONE).of(direction)) {
        if (entry.peer() == peer) {
          return entry.table();
        }
      }
    }
    return null;
  }

  @Override
  public boolean containsKey(@Nullable Object key) {
    return get(key) != null;
  }

  @Override
  public Set<Entry<PairKey, PortTable>> entrySet() {
    return new AbstractSet<>() {
      @Override
      public Iterator<Entry<PairKey, PortTable>> iterator() {
        return byOwner.values().stream()
            .flatMap(sides -> Stream.concat(sides.egress.stream(), sides.ingress.stream()))
            .map(entry ->
                Map.entry(
                    new PairKey(entry.owner(), entry.direction(), entry.peer()), entry.table()))
            .iterator();
      }

      @Override
      public int size() {
        return size;
      }
    };
  }
}
