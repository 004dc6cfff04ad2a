package dev.drawbridge.policy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Numbers that outlive a generation: of rules, and of selectors. Guarded by its own lock. */
final class Registry {
  /**
   * A selector where it stands.
   *
   * @param project that a bare {@code service:} means; empty if it has none
   */
  record Key(Party.Selector selector, Optional<String> project) {
    boolean matches(Workload workload) {
      return Bearer.matches(selector, workload, project);
    }
  }

  private final Map<Key, Integer> numbers = new HashMap<>();
  private final List<Key> selectors = new ArrayList<>();
  private int nextRule = 1;

  Registry() {}

  /** A registry that gives out no number of a rule twice. */
  synchronized Registry successor() {
    var next = new Registry();
    next.nextRule = nextRule;
    return next;
  }

  synchronized int selectorCount() {
    return selectors.size();
  }

  synchronized List<Key> selectors() {
    return List.copyOf(selectors);
  }

  /** The rule as code, with a number of its own. */
  synchronized RuleCode code(Sentence sentence, Optional<String> project, boolean label) {
    Optional<Party> object = sentence.object();
    if (label && sentence.subject().isEmpty() && object.isEmpty()) {
      object = Optional.of(Party.Entity.ANYONE);
    }
    return new RuleCode(
        nextRule++,
        sentence,
        sentence.subject().map(party -> match(party, project)).orElse(null),
        object.map(party -> match(party, project)).orElse(null));
  }

  private Match match(Party party, Optional<String> project) {
    if (!(party instanceof Party.Selector selector)) {
      return new Match(party, -1);
    }
    boolean relative = false;
    for (Term term : selector.terms()) {
      relative |= term instanceof Term.Service(var named, var name) && named.isEmpty();
    }
    var key = new Key(selector, relative ? project : Optional.empty());
    Integer number = numbers.get(key);
    if (number == null) {
      number = selectors.size();
      numbers.put(key, number);
      selectors.add(key);
    }
    return new Match(party, number);
  }
}
