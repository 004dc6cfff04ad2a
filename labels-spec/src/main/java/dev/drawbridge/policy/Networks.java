package dev.drawbridge.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Address ranges that rules name, each with a peer number that it keeps. */
final class Networks {
  static final Networks NONE = new Networks(new TreeMap<>());

  private final SortedMap<Cidr, Integer> numbers;

  private Networks(SortedMap<Cidr, Integer> numbers) {
    this.numbers = numbers;
  }

  /** With these ranges only; those known before keep their numbers. */
  Networks with(Iterable<Cidr> ranges) {
    var next = new TreeMap<Cidr, Integer>();
    int free = Peers.FIRST_NETWORK;
    for (int used : numbers.values()) {
      free = Math.max(free, used + 1);
    }
    for (Cidr range : ranges) {
      if (!next.containsKey(range)) {
        Integer known = numbers.get(range);
        next.put(range, known != null ? known : free++);
      }
    }
    return next.equals(numbers) ? this : new Networks(next);
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
