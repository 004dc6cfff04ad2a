package dev.drawbridge.control;

import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.kernel.PortTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The actions for the pairs in which two desired states differ, and for their tables. */
final class PairChanges implements PairsBySide.Difference {
  private final Applied applied;
  private final TableUse use;
  private final List<Action> tables = new ArrayList<>();
  private final List<Action.PutPair> puts = new ArrayList<>();
  private final List<Action> drops = new ArrayList<>();
  private final Map<PortTable, Integer> fresh = new HashMap<>();
  private final Map<Integer, Integer> more = new TreeMap<>();

  PairChanges(Applied applied, TableUse use) {
    this.applied = applied;
    this.use = use;
  }

  @Override
  public void found(PairKey pair, @Nullable PortTable before, @Nullable PortTable now) {
    Integer at = applied.pairs().get(pair);
    if (at != null) {
      more.merge(at, -1, Integer::sum);
    }
    if (now == null) {
      drops.add(new Action.DropPair(pair));
      return;
    }
    int table = use.find(now).orElseGet(() -> fresh(now));
    more.merge(table, 1, Integer::sum);
    puts.add(new Action.PutPair(pair, table));
  }

  private int fresh(PortTable content) {
    return fresh.computeIfAbsent(
        content,
        _ -> {
          int table = use.free() + fresh.size();
          tables.add(new Action.PutTable(table, content));
          return table;
        });
  }

  List<Action> tables() {
    return tables;
  }

  /** The entry for any peer last: without what differs from it, it may allow too much. */
  List<Action.PutPair> puts() {
    puts.sort(Comparator.comparing(put -> put.pair().peer() == Peers.ANY));
    return puts;
  }

  List<Action> drops() {
    return drops;
  }

  /** The tables that no pair points at when all this is done. */
  List<Action> unused() {
    List<Action> unused = new ArrayList<>();
    more.forEach((table, pairs) -> {
      if (pairs < 0 && use.pairsAt(table) + pairs == 0) {
        unused.add(new Action.DropTable(table));
      }
    });
    return unused;
  }
}
