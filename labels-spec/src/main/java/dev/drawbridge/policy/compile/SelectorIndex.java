package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.Term;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which selectors may select a workload, found by a label that each of them wants: a container that
 * comes or goes is no matter of a thousand selectors that name others.
 */
final class SelectorIndex {
  private final Map<String, Map<String, List<Integer>>> byLabel = new HashMap<>();

  /** Those that want no label with a value, or that change for more than whom they select. */
  private final BitSet always = new BitSet();

  void add(int number, Registry.Key key) {
    if (key.reach() != Registry.Reach.ONE) {
      for (Term term : key.selector().terms()) {
        switch (term) {
          case Term.Equal(var label, var value) -> {
            add(number, label, value);
            return;
          }
          case Term.Service(var project, var name) -> {
            add(number, Workload.SERVICE, name);
            return;
          }
          case Term.Project(var name) -> {
            add(number, Workload.PROJECT, name);
            return;
          }
          default -> {}
        }
      }
    }
    always.set(number);
  }

  private void add(int number, String label, String value) {
    byLabel
        .computeIfAbsent(label, _ -> new HashMap<>())
        .computeIfAbsent(value, _ -> new ArrayList<>(2))
        .add(number);
  }

  /** The numbers of all selectors that may select one of the members. */
  BitSet of(Iterable<Member> members) {
    var found = new BitSet();
    found.or(always);
    for (Member member : members) {
      member
          .workload()
          .labels()
          .forEach((label, value) ->
              byLabel
                  .getOrDefault(label, Map.of())
                  .getOrDefault(value, List.of())
                  .forEach(found::set));
    }
    return found;
  }
}
