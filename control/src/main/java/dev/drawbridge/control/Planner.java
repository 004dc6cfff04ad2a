package dev.drawbridge.control;

import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.kernel.PortTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * The difference between what should be applied and what is.
 *
 * <p>The order of the plan is part of its meaning. Tables come before the pairs that point at them,
 * pairs for one peer before the pair for any, pairs before the endpoints whose flags make them
 * count, all of that before the addresses by which peers are found. What goes, goes in the opposite
 * order. The generation comes last, when all that it stands for is in place. An agent that dies
 * between any two actions leaves each pair either as it was or as it should be, and no address
 * leads to a peer whose rules are not there.
 */
public final class Planner {

  private Planner() {}

  /**
   * Plans one step.
   *
   * @param authoritative whether {@code desired} names every container that runs. When it does not
   *     (the agent came back and its runtime has not listed yet), nothing is dropped: what the
   *     kernel enforces for containers not heard of stays.
   */
  public static List<Action> plan(Desired desired, Applied applied, boolean authoritative) {
    List<Action> plan = new ArrayList<>();
    Map<PairKey, Integer> tableOf = new HashMap<>();

    List<Map.Entry<PairKey, PortTable>> changed = new ArrayList<>();
    List<Action.PutPair> puts = new ArrayList<>();
    for (Map.Entry<PairKey, PortTable> pair : desired.pairs().entrySet()) {
      Integer at = applied.pairs().get(pair.getKey());
      // Most pairs are as they were: to compare a table is cheaper than to look for it.
      if (at != null && pair.getValue().equals(applied.tables().get(at))) {
        tableOf.put(pair.getKey(), at);
      } else {
        changed.add(pair);
      }
    }
    if (!changed.isEmpty()) {
      Map<PortTable, Integer> known = new HashMap<>();
      int next = 1;
      for (Map.Entry<Integer, PortTable> table : applied.tables().entrySet()) {
        known.putIfAbsent(table.getValue(), table.getKey());
        next = Math.max(next, table.getKey() + 1);
      }
      for (Map.Entry<PairKey, PortTable> pair : changed) {
        Integer table = known.get(pair.getValue());
        if (table == null) {
          table = next++;
          known.put(pair.getValue(), table);
          plan.add(new Action.PutTable(table, pair.getValue()));
        }
        tableOf.put(pair.getKey(), table);
        puts.add(new Action.PutPair(pair.getKey(), table));
      }
    }

    puts.sort(Comparator.comparing(put -> put.pair().peer() == Peers.ANY));
    plan.addAll(puts);
    desired.endpoints().entrySet().stream()
        .filter(entry -> !entry.getValue().equals(applied.endpoints().get(entry.getKey())))
        .forEach(entry -> plan.add(new Action.PutEndpoint(entry.getKey(), entry.getValue())));
    desired.addresses().entrySet().stream()
        .filter(entry -> !entry.getValue().equals(applied.addresses().get(entry.getKey())))
        .forEach(entry -> plan.add(new Action.PutAddress(entry.getKey(), entry.getValue())));
    plan.addAll(drops(desired, applied, tableOf, authoritative));
    if (!plan.isEmpty() || applied.generation() != desired.policy().generation()) {
      plan.add(new Action.SetGeneration(desired.policy().generation()));
    }
    return List.copyOf(plan);
  }

  /**
   * Plans one step from a state that is applied whole. The same as {@link #plan} would, at the cost
   * of what differs: nothing but changed sides is looked at pair by pair.
   *
   * @param before what is applied, entirely: every action of its plan was done
   * @param use the tables of {@code applied}
   */
  public static List<Action> change(
      Desired before, Desired desired, Applied applied, TableUse use) {
    PairChanges pairs = new PairChanges(applied, use);
    PairsBySide.differences(before.pairs(), desired.pairs(), pairs);
    List<Action> plan = new ArrayList<>(pairs.tables());
    plan.addAll(pairs.puts());
    puts(
        before.endpoints(),
        desired.endpoints(),
        (number, state) -> plan.add(new Action.PutEndpoint(number, state)));
    puts(
        before.addresses(),
        desired.addresses(),
        (address, peer) -> plan.add(new Action.PutAddress(address, peer)));
    drops(
        before.addresses(),
        desired.addresses(),
        address -> plan.add(new Action.DropAddress(address)));
    plan.addAll(pairs.drops());
    drops(
        before.endpoints(),
        desired.endpoints(),
        number -> plan.add(new Action.DropEndpoint(number)));
    plan.addAll(pairs.unused());
    if (!plan.isEmpty() || applied.generation() != desired.policy().generation()) {
      plan.add(new Action.SetGeneration(desired.policy().generation()));
    }
    return List.copyOf(plan);
  }

  private static <K, V> void puts(Map<K, V> before, Map<K, V> now, BiConsumer<K, V> put) {
    now.forEach((key, value) -> {
      if (!value.equals(before.get(key))) {
        put.accept(key, value);
      }
    });
  }

  private static <K, V> void drops(Map<K, V> before, Map<K, V> now, Consumer<K> drop) {
    before
        .keySet()
        .forEach(key -> {
          if (!now.containsKey(key)) {
            drop.accept(key);
          }
        });
  }

  private static List<Action> drops(
      Desired desired, Applied applied, Map<PairKey, Integer> tableOf, boolean authoritative) {
    List<Action> drops = new ArrayList<>();
    if (authoritative) {
      applied.addresses().keySet().stream()
          .filter(address -> !desired.addresses().containsKey(address))
          .forEach(address -> drops.add(new Action.DropAddress(address)));
    }
    Set<Integer> inUse = new HashSet<>(tableOf.values());
    for (Map.Entry<PairKey, Integer> pair : applied.pairs().entrySet()) {
      boolean mayDrop = authoritative || desired.endpoints().containsKey(pair.getKey().owner());
      if (tableOf.containsKey(pair.getKey())) {
        continue;
      }
      if (mayDrop) {
        drops.add(new Action.DropPair(pair.getKey()));
      } else {
        inUse.add(pair.getValue());
      }
    }
    if (authoritative) {
      applied.endpoints().keySet().stream()
          .filter(endpoint -> !desired.endpoints().containsKey(endpoint))
          .forEach(endpoint -> drops.add(new Action.DropEndpoint(endpoint)));
    }
    applied.tables().keySet().stream()
        .filter(table -> !inUse.contains(table))
        .forEach(table -> drops.add(new Action.DropTable(table)));
    return drops;
  }
}
