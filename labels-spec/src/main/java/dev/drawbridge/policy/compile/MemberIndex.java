package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Term;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds the containers that a selector selects, starting from its rarest label. */
final class MemberIndex {
  private final List<Member> members;
  private final Map<String, Map<String, List<Member>>> byLabel = new HashMap<>();
  private final Map<String, List<Member>> byKey = new HashMap<>();
  private final Map<String, List<Member>> byName = new HashMap<>();

  MemberIndex(List<Member> members) {
    this.members = members;
    for (Member member : members) {
      byName.computeIfAbsent(member.workload().name(), n -> new ArrayList<>(1)).add(member);
      member
          .workload()
          .labels()
          .forEach((key, value) -> {
            byKey.computeIfAbsent(key, k -> new ArrayList<>()).add(member);
            byLabel
                .computeIfAbsent(key, k -> new HashMap<>())
                .computeIfAbsent(value, v -> new ArrayList<>(2))
                .add(member);
          });
    }
  }

  EndpointSet select(Registry.Key key, Set<String> shared) {
    List<Member> candidates = candidates(key.selector());
    int[] found = new int[candidates.size()];
    int count = 0;
    for (Member member : candidates) {
      if (key.matches(member.workload(), shared)) {
        found[count++] = member.endpoint();
      }
    }
    found = Arrays.copyOf(found, count);
    Arrays.sort(found);
    return EndpointSet.ofSorted(found);
  }

  private List<Member> candidates(Party.Selector selector) {
    List<Member> candidates = members;
    for (Term term : selector.terms()) {
      List<Member> some = candidates(term);
      if (some.size() < candidates.size()) {
        candidates = some;
      }
    }
    return candidates;
  }

  private List<Member> candidates(Term term) {
    return switch (term) {
      case Term.Equal(var key, var value) -> label(key, value);
      case Term.In(var key, var values) -> {
        var all = new ArrayList<Member>();
        for (String value : new java.util.LinkedHashSet<>(values)) {
          all.addAll(label(key, value));
        }
        yield all;
      }
      case Term.Has(var key) -> byKey.getOrDefault(key, List.of());
      case Term.Service(var named, var name) -> label(Workload.SERVICE, name);
      case Term.Project(var name) -> label(Workload.PROJECT, name);
      case Term.Container(var name) -> byName.getOrDefault(name, List.of());
      case Term.Group(_, var groups) -> {
        Set<Member> all = Collections.newSetFromMap(new IdentityHashMap<>());
        groups.forEach(group -> all.addAll(candidates(group)));
        yield List.copyOf(all);
      }
      case Term.Any any -> members;
      case Term.NotEqual notEqual -> members;
      case Term.Lacks lacks -> members;
    };
  }

  private List<Member> label(String key, String value) {
    Map<String, List<Member>> values = byLabel.get(key);
    return values == null ? List.of() : values.getOrDefault(value, List.of());
  }
}
