package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.LinkRanges;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.kernel.NetworkEntry;
import dev.drawbridge.policy.language.Party;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Address ranges that rules name, each with a peer number that it keeps. */
public final class Networks {
  public static final Networks NONE = new Networks(new TreeMap<>(), Peers.FIRST_NETWORK);

  private final SortedMap<Cidr, Integer> numbers;
  private final int firstFree;

  private Networks(SortedMap<Cidr, Integer> numbers, int firstFree) {
    this.numbers = numbers;
    this.firstFree = firstFree;
  }

  /** With the numbers that these ranges had in an earlier life. */
  public static Networks resuming(Map<Cidr, Integer> known) {
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
  public Networks with(Iterable<Cidr> ranges) {
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
  public int of(Cidr single) {
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

  /** The range with that number; null for the world, or a number that is no range's any more. */
  public @Nullable Cidr range(int number) {
    for (Map.Entry<Cidr, Integer> entry : numbers.entrySet()) {
      if (entry.getValue() == number) {
        return entry.getKey();
      }
    }
    return null;
  }

  public boolean isEmpty() {
    return numbers.isEmpty();
  }

  Iterable<Map.Entry<Cidr, Integer>> entries() {
    return numbers.entrySet();
  }

  public List<NetworkEntry> list() {
    var list = new ArrayList<NetworkEntry>();
    numbers.forEach((range, peer) -> list.add(new NetworkEntry(range, peer)));
    return list;
  }

  /** Whether a party is a part of the world by its addresses. */
  static boolean isPart(Party party) {
    return party instanceof Party.Network || party instanceof Party.Zone;
  }

  /** Whether the addresses that this range has to itself are the party's. */
  static boolean belongs(Cidr range, Party party) {
    return switch (party) {
      case Party.Network(var whole, var except) ->
          whole.contains(range) && !isWithin(except, range);
      // What another rule makes of an address of the link is not what people mean by these words.
      case Party.Zone zone ->
          isWithin(zone.ranges(), range)
              && !isWithin(zone.except(), range)
              && !isWithin(LinkRanges.ALL, range);
      case Party.Entity _, Party.Selector _, Party.Name _ -> false;
    };
  }

  private static boolean isWithin(Iterable<Cidr> wholes, Cidr range) {
    for (Cidr whole : wholes) {
      if (whole.contains(range)) {
        return true;
      }
    }
    return false;
  }
}
