package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.read.RuleCode;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Numbers of what containers have learned by name: one for each part of the world and set of name
 * objects. They outlive generations, so that a change of rules finds them. Safe for any thread.
 */
public final class NamedPeers {
  /** A container that learns more combinations than that is denied them. */
  public static final int MAX_OF_ONE = 1024;

  /**
   * What addresses of one number have in common.
   *
   * @param base range of the world that they belong to; null: none but the world itself
   * @param allowing objects of may rules that their names fit, printed
   * @param forbidding the same of may-not rules
   */
  public record Key(@Nullable Cidr base, SortedSet<String> allowing, SortedSet<String> forbidding) {
    boolean isAbout(RuleCode rule, Party.Name name) {
      return (rule.allows ? allowing : forbidding).contains(name.print());
    }

    boolean isEmpty() {
      return allowing.isEmpty() && forbidding.isEmpty();
    }
  }

  private static final class Owned {
    final SortedSet<Integer> numbers = new TreeSet<>();
    long version;
  }

  private final Map<Key, Integer> numbers = new HashMap<>();
  private final Map<Integer, Key> keys = Collections.synchronizedMap(new HashMap<>());
  private final Map<Integer, Owned> owners = new HashMap<>();
  private int free = Peers.FIRST_NAMED;

  public NamedPeers() {}

  /** With the numbers of an earlier life; what cannot be read only keeps its number from others. */
  public static NamedPeers resuming(Map<Integer, String> known) {
    var resumed = new NamedPeers();
    known.forEach((number, printed) -> {
      if (!Peers.isNamed(number)) {
        return;
      }
      resumed.free = Math.max(resumed.free, number + 1);
      Key key = NamedPeersText.read(printed);
      if (key != null) {
        resumed.numbers.put(key, number);
        resumed.keys.put(number, key);
      }
    });
    return resumed;
  }

  public synchronized int number(int owner, Key key) {
    Owned owned = owners.computeIfAbsent(owner, _ -> new Owned());
    Integer known = numbers.get(key);
    if (known != null && owned.numbers.contains(known)) {
      return known;
    }
    if (owned.numbers.size() >= MAX_OF_ONE) {
      return Peers.UNKNOWN;
    }
    int number = known != null ? known : free++;
    numbers.put(key, number);
    keys.put(number, key);
    owned.numbers.add(number);
    owned.version++;
    return number;
  }

  public @Nullable Key find(int number) {
    return keys.get(number);
  }

  /** Changes whenever the container's numbers do. */
  synchronized long version(int owner) {
    Owned owned = owners.get(owner);
    return owned == null ? 0 : owned.version;
  }

  public synchronized Collection<Integer> of(int owner) {
    Owned owned = owners.get(owner);
    return owned == null ? Set.of() : new TreeSet<>(owned.numbers);
  }

  /** Only these are the container's from now on. */
  public synchronized void retain(int owner, Set<Integer> used) {
    Owned owned = owners.get(owner);
    if (owned != null && owned.numbers.retainAll(used)) {
      owned.version++;
      prune();
    }
  }

  public synchronized void forget(int owner) {
    if (owners.remove(owner) != null) {
      prune();
    }
  }

  private void prune() {
    var used = new HashSet<Integer>();
    owners.values().forEach(owned -> used.addAll(owned.numbers));
    numbers.values().retainAll(used);
    keys.keySet().retainAll(used);
  }

  /**
   * Number by number, as {@link #resuming} reads it; the last one that was given too, without a
   * meaning if it has none any more: connections may bear it.
   */
  public synchronized SortedMap<Integer, String> print() {
    SortedMap<Integer, String> printed = meanings();
    if (free > Peers.FIRST_NAMED) {
      String _ = printed.putIfAbsent(free - 1, "");
    }
    return printed;
  }

  private SortedMap<Integer, String> meanings() {
    return keys.entrySet().stream()
        .collect(
            Collectors.toMap(
                Map.Entry::getKey,
                entry -> NamedPeersText.print(entry.getValue()),
                (one, _) -> one,
                TreeMap::new));
  }
}
