package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Sentence;
import dev.drawbridge.policy.language.Term;
import dev.drawbridge.policy.read.Match;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.RuleCode;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Numbers that outlive a generation: of rules, and of selectors. Guarded by its own lock. */
public final class Registry {
  /** What a bare {@code service:NAME} means. */
  enum Reach {
    /** The service of the bearer's project. */
    PROJECT,
    /** In a host policy: every service of that name. */
    ALL,
    /** In a host policy: the service of that name if only one project has one, else none. */
    ONE
  }

  /**
   * A selector where it stands.
   *
   * @param project that a bare {@code service:} means; empty if it has none
   */
  public record Key(Party.Selector selector, Optional<String> project, Reach reach) {
    /**
     * Whether it selects the workload.
     *
     * @param shared names of services that several projects have; only for {@link Reach#ONE}
     */
    boolean matches(Workload workload, Set<String> shared) {
      for (Term term : selector.terms()) {
        if (!term.matches(workload, (name, it) -> bare(name, it, shared))) {
          return false;
        }
      }
      return true;
    }

    private boolean bare(String name, Workload workload, Set<String> shared) {
      String of = workload.labels().get(Workload.PROJECT);
      return of != null
          && switch (reach) {
            case PROJECT -> project.isPresent() && of.equals(project.get());
            case ALL -> true;
            case ONE -> !shared.contains(name);
          };
    }

    /** The services that it names without a project. */
    Set<String> bareNames() {
      return Registry.bareNames(selector);
    }
  }

  private final Map<Key, Integer> numbers = new HashMap<>();
  private final List<Key> selectors = new ArrayList<>();
  private final SelectorIndex index = new SelectorIndex();
  private final NamedPeers named;
  private int nextRule = 1;

  public Registry(NamedPeers named) {
    this.named = named;
  }

  public NamedPeers named() {
    return named;
  }

  /** A registry that gives out no number of a rule twice. */
  public synchronized Registry successor() {
    var next = new Registry(named);
    next.nextRule = nextRule;
    return next;
  }

  public synchronized int selectorCount() {
    return selectors.size();
  }

  public synchronized List<Key> selectors() {
    return List.copyOf(selectors);
  }

  /** The numbers of the selectors that may select one of the members. */
  public synchronized BitSet selectorsOf(Iterable<Member> members) {
    return index.of(members);
  }

  /** The rule as code, with a number of its own. */
  public synchronized RuleCode code(Sentence sentence, Optional<String> project, boolean label) {
    Optional<Party> object = sentence.object();
    if (label && sentence.subject().isEmpty() && object.isEmpty()) {
      object = Optional.of(Party.Entity.ANYONE);
    }
    Protocol read = Protocols.of(sentence.action());
    return new RuleCode(
        nextRule++,
        sentence,
        sentence.subject().map(party -> match(party, project, label)).orElse(null),
        object.map(party -> match(party, project, label)).orElse(null),
        read);
  }

  /** A party of a host policy. */
  public synchronized Match ofHost(Party party) {
    return match(party, Optional.empty(), false);
  }

  private Match match(Party party, Optional<String> project, boolean label) {
    if (!(party instanceof Party.Selector selector)) {
      return new Match(party, -1, -1);
    }
    boolean bare = !bareNames(selector).isEmpty();
    if (label || !bare) {
      int number = number(new Key(selector, bare ? project : Optional.empty(), Reach.PROJECT));
      return new Match(party, number, number);
    }
    return new Match(
        party,
        number(new Key(selector, Optional.empty(), Reach.ALL)),
        number(new Key(selector, Optional.empty(), Reach.ONE)));
  }

  private int number(Key key) {
    Integer known = numbers.get(key);
    if (known != null) {
      return known;
    }
    int number = selectors.size();
    numbers.put(key, number);
    selectors.add(key);
    index.add(number, key);
    return number;
  }

  private static Set<String> bareNames(Party.Selector selector) {
    var names = new TreeSet<String>();
    for (Term term : selector.terms()) {
      switch (term) {
        case Term.Service(var project, var name) when project.isEmpty() -> names.add(name);
        case Term.Group(_, var members) ->
            members.forEach(member -> names.addAll(bareNames(member)));
        default -> {}
      }
    }
    return names;
  }
}
