package dev.drawbridge.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Address ranges that rules name, each with a peer number that it keeps. */
final class Networks {
  static final Networks NONE = new Networks(new TreeMap<>(), Peers.FIRST_NETWORK);

  private final SortedMap<Cidr, Integer> numbers;
  private final int firstFree;

  private Networks(SortedMap<Cidr, Integer> numbers, int firstFree) {
    this.numbers = numbers;
    this.firstFree = firstFree;
  }

  /** With the numbers that these ranges had in an earlier life. */
  static Networks resuming(Map<Cidr, Integer> known) {
    int free = Peers.FIRST_NETWORK;
    for (int used : known.values()) {
      free = Math.max(free, used + 1);
    }
    return new Networks(new TreeMap<>(known), free);
  }

  /**
   * With these ranges only; those known before keep their numbers, and no number is given twice:
   * sockets that were judged under it still bear it.
   */
  Networks with(Iterable<Cidr> ranges) {
    var next = new TreeMap<Cidr, Integer>();
    int free = firstFree;
    for (Cidr range : ranges) {
      if (!next.containsKey(range)) {
        Integer known = numbers.get(range);
        next.put(range, known != null ? known : free++);
      }
    }
    return next.equals(numbers) ? this : new Networks(next, free);
  }

  /** Whether these have the same ranges of the link, by the same numbers. */
  boolean hasLinksOf(Networks other) {
    return links().equals(other.links());
  }

  private Map<Cidr, Integer> links() {
    var links = new TreeMap<Cidr, Integer>();
    numbers.forEach((range, peer) -> {
      if (LinkRanges.hold(range)) {
        links.put(range, peer);
      }
    });
    return links;
  }

  /**
   * The range with the longest prefix that holds the address, or the world; of the link: the host.
   */
  int of(Cidr single) {
    int peer = LinkRanges.hold(single) ? Peers.HOST : Peers.WORLD;
    int longest = -1;
    for (Map.Entry<Cidr, Integer> entry : numbers.entrySet()) {
      if (entry.getKey().bits() > longest && entry.getKey().contains(single)) {
        longest = entry.getKey().bits();
        peer = entry.getValue();
      }
    }
    return peer;
  }

  boolean isEmpty() {
    return numbers.isEmpty();
  }

  Iterable<Map.Entry<Cidr, Integer>> entries() {
    return numbers.entrySet();
  }

  List<NetworkEntry> list() {
    var list = new ArrayList<NetworkEntry>();
    numbers.forEach((range, peer) -> list.add(new NetworkEntry(range, peer)));
    return list;
  }

  /** Whether the addresses that this range has to itself are the party's. */
  static boolean belongs(Cidr range, Party.Network party) {
    if (!party.range().contains(range)) {
      return false;
    }
    for (Cidr hole : party.except()) {
      if (hole.contains(range)) {
        return false;
      }
    }
    return true;
  }
}
