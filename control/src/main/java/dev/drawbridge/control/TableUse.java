package dev.drawbridge.control;

import dev.drawbridge.policy.kernel.PortTable;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Which port table has which number in the kernel, and how many pairs point at it: what a plan
 * would otherwise find out by going through all pairs. Belongs to the executor, who tells it what
 * was done. Not safe for several threads.
 */
public final class TableUse {
  private final Map<PortTable, Integer> numbers = new HashMap<>();
  private final Map<Integer, Integer> pairs = new HashMap<>();
  private int highest;

  public TableUse() {}

  /** What is there already. */
  public static TableUse of(Map<Integer, PortTable> tables, Map<PairKey, Integer> pairs) {
    TableUse use = new TableUse();
    tables.forEach(use::written);
    pairs.values().forEach(table -> use.pointed(null, table));
    return use;
  }

  /** A table was written. */
  public void written(int table, PortTable content) {
    numbers.putIfAbsent(content, table);
    highest = Math.max(highest, table);
  }

  /** A table was deleted. */
  public void deleted(int table, PortTable content) {
    numbers.remove(content, table);
  }

  /**
   * A pair was pointed elsewhere.
   *
   * @param from where it pointed before, null for a new pair
   * @param to where it points now, null for a pair that was deleted
   */
  public void pointed(@Nullable Integer from, @Nullable Integer to) {
    if (from != null) {
      pairs.merge(from, -1, TableUse::sumOrNone);
    }
    if (to != null) {
      pairs.merge(to, 1, TableUse::sumOrNone);
    }
  }

  private static @Nullable Integer sumOrNone(int before, int more) {
    return before + more == 0 ? null : before + more;
  }

  /** The number of a table with this content, if there is one. */
  OptionalInt find(PortTable content) {
    Integer number = numbers.get(content);
    return number == null ? OptionalInt.empty() : OptionalInt.of(number);
  }

  /** How many pairs point at a table. */
  int pairsAt(int table) {
    return pairs.getOrDefault(table, 0);
  }

  /** A number that no table has had since this was made; all above it are free too. */
  int free() {
    return highest + 1;
  }
}
