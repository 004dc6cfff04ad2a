package dev.drawbridge.daemon.kernel;

import dev.drawbridge.policy.language.DnsName;
import java.net.InetAddress;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What one container has learned. Its user locks. */
final class LearnedOfOne {
  /** Names of one address; beyond, those go whose time ends first. */
  static final int MOST_NAMES = 32;

  /** Octets of names that count as one name. */
  private static final int UNIT = 64;

  private final Map<InetAddress, Entry> entries = new HashMap<>();

  /**
   * Something was learned, or the kernel was not told something, since rules were last in force.
   */
  private boolean unsettled = true;

  private long releasedNanos = System.nanoTime();

  Map<InetAddress, Entry> entries() {
    return entries;
  }

  /** Names of addresses, each as often as it has addresses, and a long one as several. */
  int size() {
    int size = 0;
    for (Entry entry : entries.values()) {
      size += entry.size();
    }
    return size;
  }

  /** As how many names these count. */
  static int size(Collection<String> names) {
    int size = 0;
    for (String name : names) {
      size += 1 + name.length() / UNIT;
    }
    return size;
  }

  boolean isUnsettled() {
    return unsettled;
  }

  void unsettled(boolean now) {
    unsettled = now;
  }

  /** Whether so much time has passed since it last was; if so it is now. */
  boolean releases(long nowNanos, long afterNanos) {
    boolean due = nowNanos - releasedNanos >= afterNanos;
    releasedNanos = due ? nowNanos : releasedNanos;
    return due;
  }

  Entry entry(InetAddress address) {
    return entries.computeIfAbsent(address, Entry::new);
  }

  /**
   * What an answer teaches: the name of its question and those that it leads over, in one case.
   * Whoever owns a name of the outside says what it leads over, so names of the inside on its way
   * are not learned.
   */
  static List<String> taught(List<String> chain) {
    if (chain.size() == 1) {
      return List.of(chain.getFirst().toLowerCase(Locale.ROOT));
    }
    List<String> all =
        chain.stream().map(name -> name.toLowerCase(Locale.ROOT)).distinct().toList();
    List<String> outside = all.stream().filter(name -> !DnsName.of(name).isInside()).toList();
    return outside.isEmpty() ? all : outside;
  }

  /** An address under the names that it has, or had while it was known. */
  static final class Entry {
    private final InetAddress address;
    private final Map<String, Long> names = new HashMap<>(2);
    private int peer;
    private int again;
    private int counted;
    private int toldPeer;
    private int toldAgain;

    Entry(InetAddress address) {
      this.address = address;
    }

    InetAddress address() {
      return address;
    }

    /** Each with the end of its time, by the kernel's clock. */
    Map<String, Long> names() {
      return names;
    }

    /** Whether that is news. */
    boolean learns(String name, long untilNanos) {
      Long before = names.get(name);
      if (before != null && before - untilNanos >= 0) {
        return false;
      }
      names.put(name, untilNanos);
      return true;
    }

    /** Keeps those names, and of others as many as there is room for. */
    void bounded(Collection<String> kept) {
      while (names.size() > MOST_NAMES) {
        String first =
            names.entrySet().stream()
                .filter(one -> !kept.contains(one.getKey()))
                .min(Map.Entry.comparingByValue(Comparator.naturalOrder()))
                .map(Map.Entry::getKey)
                .orElseThrow();
        names.remove(first);
      }
    }

    Set<String> live(long now) {
      Set<String> live = new HashSet<>();
      names.forEach((name, until) -> {
        if (until - now > 0) {
          live.add(name);
        }
      });
      counted = live.size();
      return live;
    }

    boolean isLive(long now) {
      return untilNanos() - now > 0;
    }

    /** Whether the time of a name is over that still counted when it was last judged. */
    boolean hasNewlyOver(long now) {
      int before = counted;
      return live(now).size() != before;
    }

    long untilNanos() {
      return names.values().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    int size() {
      return LearnedOfOne.size(names.keySet());
    }

    /** Whether the kernel knows it by its numbers. */
    boolean isTold() {
      return toldPeer == peer && toldAgain == again;
    }

    /** It does. */
    void told() {
      toldPeer = peer;
      toldAgain = again;
    }

    /** The number of what is new by it; 0: none. */
    int peer() {
      return peer;
    }

    /** The number of what was opened before; 0: none. */
    int again() {
      return again;
    }

    void means(int nowPeer, int nowAgain) {
      peer = nowPeer;
      again = nowAgain;
    }
  }
}
