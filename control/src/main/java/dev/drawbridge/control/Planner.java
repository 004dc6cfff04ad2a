package dev.drawbridge.control;

import dev.drawbridge.policy.PortTable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The difference between what should be applied and what is.
 *
 * <p>The order of the plan is part of its meaning. Tables come before the pairs that point at them,
 * pairs before the endpoints whose flags make them count, everything new before anything old goes,
 * and the generation last, when all that it stands for is in place. An agent that dies between any
 * two actions leaves each pair either as it was or as it should be.
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

    Map<PortTable, Integer> known = new HashMap<>();
    int next = 1;
    for (Map.Entry<Integer, PortTable> table : applied.tables().entrySet()) {
      known.putIfAbsent(table.getValue(), table.getKey());
      next = Math.max(next, table.getKey() + 1);
    }
    for (Map.Entry<PairKey, PortTable> pair : desired.pairs().entrySet()) {
      Integer table = known.get(pair.getValue());
      if (table == null) {
        table = next++;
        known.put(pair.getValue(), table);
        plan.add(new Action.PutTable(table, pair.getValue()));
      }
      tableOf.put(pair.getKey(), table);
    }

    desired
        .addresses()
        .forEach((address, peer) -> {
          if (!peer.equals(applied.addresses().get(address))) {
            plan.add(new Action.PutAddress(address, peer));
          }
        });
    tableOf.forEach((pair, table) -> {
      if (!table.equals(applied.pairs().get(pair))) {
        plan.add(new Action.PutPair(pair, table));
      }
    });
    desired
        .endpoints()
        .forEach((number, state) -> {
          if (!state.equals(applied.endpoints().get(number))) {
            plan.add(new Action.PutEndpoint(number, state));
          }
        });

    Set<Integer> inUse = new HashSet<>(tableOf.values());
    for (Map.Entry<PairKey, Integer> pair : applied.pairs().entrySet()) {
      boolean wanted = tableOf.containsKey(pair.getKey());
      boolean mayDrop = authoritative || desired.endpoints().containsKey(pair.getKey().owner());
      if (!wanted && mayDrop) {
        plan.add(new Action.DropPair(pair.getKey()));
      } else if (!wanted) {
        inUse.add(pair.getValue());
      }
    }
    if (authoritative) {
      for (Integer number : applied.endpoints().keySet()) {
        if (!desired.endpoints().containsKey(number)) {
          plan.add(new Action.DropEndpoint(number));
        }
      }
      applied
          .addresses()
          .keySet()
          .forEach(address -> {
            if (!desired.addresses().containsKey(address)) {
              plan.add(new Action.DropAddress(address));
            }
          });
    }
    for (Integer table : applied.tables().keySet()) {
      if (!inUse.contains(table)) {
        plan.add(new Action.DropTable(table));
      }
    }
    if (!plan.isEmpty() || applied.generation() != desired.policy().generation()) {
      plan.add(new Action.SetGeneration(desired.policy().generation()));
    }
    return List.copyOf(plan);
  }
}
