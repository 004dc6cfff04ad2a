package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.labels.Workload;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/** Whom each selector selects, from whom it selected before and who has come and gone since. */
public final class SelectedSets {
  /** Up to so many new selectors, asking every container is cheaper than an index of them. */
  private static final int FEW_SELECTORS = 16;

  private final List<Member> members;
  private final List<Member> appeared;
  private final List<Member> vanished;

  public SelectedSets(List<Member> members, List<Member> appeared, List<Member> vanished) {
    this.members = members;
    this.appeared = appeared;
    this.vanished = vanished;
  }

  /**
   * Selector by selector.
   *
   * @param keys all that rules use, in the order of their numbers
   * @param touched those that may select one who has come or gone
   * @param old what the first of them selected before
   */
  public EndpointSet[] of(List<Registry.Key> keys, BitSet touched, EndpointSet[] old) {
    EndpointSet[] sets = Arrays.copyOf(old, Math.max(old.length, keys.size()));
    for (int i = touched.nextSetBit(0); i >= 0 && i < old.length; i = touched.nextSetBit(i + 1)) {
      sets[i] = changed(keys.get(i), old[i]);
    }
    int fresh = keys.size() - old.length;
    if (fresh > FEW_SELECTORS) {
      var index = new MemberIndex(members);
      for (int i = old.length; i < keys.size(); i++) {
        sets[i] = index.select(keys.get(i), shared(keys.get(i)));
      }
    } else if (fresh > 0) {
      for (int i = old.length; i < keys.size(); i++) {
        sets[i] = select(keys.get(i));
      }
    }
    return sets;
  }

  /**
   * Of the services that the selector names without a project, those that several projects have.
   */
  private Set<String> shared(Registry.Key key) {
    if (key.reach() != Registry.Reach.ONE) {
      return Set.of();
    }
    Set<String> names = key.bareNames();
    var projects = new HashMap<String, String>();
    var shared = new TreeSet<String>();
    for (Member member : members) {
      String service = member.workload().labels().get(Workload.SERVICE);
      String project = member.workload().labels().get(Workload.PROJECT);
      if (service != null && project != null && names.contains(service)) {
        String first = projects.putIfAbsent(service, project);
        if (first != null && !first.equals(project)) {
          shared.add(service);
        }
      }
    }
    return shared;
  }

  private EndpointSet select(Registry.Key key) {
    Set<String> shared = shared(key);
    int[] found = new int[members.size()];
    int count = 0;
    for (Member member : members) {
      if (key.matches(member.workload(), shared)) {
        found[count++] = member.endpoint();
      }
    }
    found = Arrays.copyOf(found, count);
    Arrays.sort(found);
    return EndpointSet.ofSorted(found);
  }

  private EndpointSet changed(Registry.Key key, EndpointSet old) {
    if (key.reach() == Registry.Reach.ONE) {
      return changedByNames(key, old);
    }
    SortedSet<Integer> next = null;
    for (Member gone : vanished) {
      if (key.matches(gone.workload(), Set.of())) {
        next = next == null ? copy(old) : next;
        next.remove(gone.endpoint());
      }
    }
    for (Member come : appeared) {
      if (key.matches(come.workload(), Set.of())) {
        next = next == null ? copy(old) : next;
        next.add(come.endpoint());
      }
    }
    if (next == null) {
      return old;
    }
    EndpointSet made = EndpointSet.ofSorted(next.stream().mapToInt(Integer::intValue).toArray());
    return made.equals(old) ? old : made;
  }

  /** Who comes or goes may decide about others that bear the name: then all are asked again. */
  private EndpointSet changedByNames(Registry.Key key, EndpointSet old) {
    Set<String> names = key.bareNames();
    for (List<Member> members : List.of(vanished, appeared)) {
      for (Member member : members) {
        String service = member.workload().labels().get(Workload.SERVICE);
        if ((service != null && names.contains(service))
            || key.matches(member.workload(), Set.of())) {
          EndpointSet made = select(key);
          return made.equals(old) ? old : made;
        }
      }
    }
    return old;
  }

  private static SortedSet<Integer> copy(EndpointSet set) {
    var copy = new TreeSet<Integer>();
    for (int endpoint : set.raw()) {
      copy.add(endpoint);
    }
    return copy;
  }
}
