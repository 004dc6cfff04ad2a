package dev.drawbridge.daemon.kernel;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.abi.Learned;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.key.AddressKey;
import dev.drawbridge.bpf.key.LearnedKey;
import dev.drawbridge.l7.LearnedNames;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.function.Supplier;

/**
 * What containers have learned of addresses by asking for names: for each of them alone, until the
 * answer's time is over. It is in the kernel before the container sees the answer. Nothing that is
 * forgotten here ends a connection: those keep the number that they were judged by. Safe for any
 * thread.
 */
public final class LearnedAddresses implements LearnedNames {
  /** Addresses of one container; beyond, the one goes that nothing was opened by for longest. */
  static final int MOST_OF_ONE = 4096;

  private static final System.Logger log = System.getLogger(LearnedAddresses.class.getName());

  private static final long SECOND = 1_000_000_000L;

  /** Shorter times of an answer count as this: who has an address must have time to use it. */
  private static final long FLOOR_SECONDS = 5;

  /** Longer ones as this. */
  private static final long CEILING_SECONDS = 86_400;

  /** So much longer it holds in the kernel: while an agent is away nobody renews it. */
  private static final long GRACE_SECONDS = 10;

  private static final long SWEEP_SECONDS = 5;

  private static final byte[] ENGINES_RESOLVER = {127, 0, 0, 11};

  /** An address under the names that it has. */
  private static final class Entry {
    final Map<String, Long> names = new HashMap<>();
    long untilNanos;
    int peer;
  }

  private final BpfMap learned;
  private final BpfMap addresses;
  private final Supplier<Policy> policy;
  private final IntPredicate forgeable;
  private final Consumer<Consumer<Boolean>> renew;
  private final Map<Integer, Map<InetAddress, Entry>> byOwner = new HashMap<>();

  private long sweptNanos = System.nanoTime();

  /** Owner and number of what the kernel has a pair for. */
  private final Set<Long> known = new HashSet<>();

  /**
   * @param learned what the kernel knows
   * @param addresses whose an address is by its number alone
   * @param forgeable whether somebody with that container can answer his own questions
   * @param renew has the pairs of new numbers written, and says then whether they are
   */
  public LearnedAddresses(
      BpfMap learned,
      BpfMap addresses,
      Supplier<Policy> policy,
      IntPredicate forgeable,
      Consumer<Consumer<Boolean>> renew) {
    this.learned = learned;
    this.addresses = addresses;
    this.policy = policy;
    this.forgeable = forgeable;
    this.renew = renew;
    // The numbers of an agent before this one have no rules yet: what they stood for is learned
    // anew.
    int _ = learned.clear();
  }

  @Override
  public void learned(
      int caller,
      InetSocketAddress resolver,
      List<String> names,
      List<Address> found,
      Consumer<Outcome> then) {
    boolean ready;
    try {
      Policy now = policy.get();
      for (Address address : found) {
        if (now.rebinds(caller, base(address.address()), address.address(), names)) {
          then.accept(Outcome.REBINDS);
          return;
        }
      }
      if (!isTrusted(caller, resolver)) {
        then.accept(Outcome.KNOWN);
        return;
      }
      ready = note(now, caller, names.getFirst(), found);
    } catch (BpfException e) {
      failed(e, then);
      return;
    }
    if (ready) {
      write(caller, found, then);
    } else {
      renew.accept(written -> {
        if (written) {
          written(caller, found);
          write(caller, found, then);
        } else {
          then.accept(Outcome.FAILED);
        }
      });
    }
  }

  /**
   * Whether an answer opens anything. One from loopback is the container's own, but for that of the
   * engine's resolver; where packets can be made by hand or changed on their way, all of them are.
   */
  private boolean isTrusted(int caller, InetSocketAddress resolver) {
    InetAddress address = resolver.getAddress();
    return !forgeable.test(caller)
        && (!address.isLoopbackAddress()
            || java.util.Arrays.equals(address.getAddress(), ENGINES_RESOLVER));
  }

  private int base(InetAddress address) {
    return addresses
        .lookup(AddressKey.exactly(address).encode())
        .map(value -> ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()).getInt())
        .orElse(Peers.WORLD);
  }

  /** Whether the kernel has a pair for each of the numbers. */
  private synchronized boolean note(Policy now, int caller, String name, List<Address> found) {
    Map<InetAddress, Entry> mine = byOwner.computeIfAbsent(caller, _ -> new HashMap<>());
    long nanos = System.nanoTime();
    boolean ready = true;
    for (Address address : found) {
      Entry entry = mine.computeIfAbsent(address.address(), _ -> new Entry());
      long seconds = Math.clamp(address.seconds(), FLOOR_SECONDS, CEILING_SECONDS);
      entry.names.values().removeIf(until -> until - nanos <= 0);
      entry.names.merge(
          name, nanos + seconds * SECOND, (one, other) -> one - other > 0 ? one : other);
      entry.untilNanos = entry.names.values().stream().mapToLong(Long::longValue).max().orElse(0);
      int base = base(address.address());
      int number = now.named(caller, base, address.address(), entry.names.keySet());
      entry.peer = number == base ? 0 : number;
      ready &= entry.peer == 0 || number == Peers.UNKNOWN || known.contains(pair(caller, number));
    }
    if (mine.size() > MOST_OF_ONE) {
      evict(caller, mine);
    }
    return ready;
  }

  private static long pair(int owner, int number) {
    return (long) owner << 32 | (number & 0xffff_ffffL);
  }

  private synchronized void written(int caller, List<Address> found) {
    for (Address address : found) {
      Entry entry = byOwner.getOrDefault(caller, Map.of()).get(address.address());
      if (entry != null && entry.peer != 0) {
        known.add(pair(caller, entry.peer));
      }
    }
  }

  private void write(int caller, List<Address> found, Consumer<Outcome> then) {
    try {
      synchronized (this) {
        for (Address address : found) {
          Entry entry = byOwner.getOrDefault(caller, Map.of()).get(address.address());
          if (entry != null && entry.peer != 0) {
            learned.put(
                new LearnedKey(caller, address.address()).encode(),
                new Learned(
                        entry.untilNanos + GRACE_SECONDS * SECOND, System.nanoTime(), entry.peer)
                    .encode());
          }
        }
      }
    } catch (BpfException e) {
      failed(e, then);
      return;
    }
    then.accept(Outcome.KNOWN);
  }

  private static void failed(BpfException e, Consumer<Outcome> then) {
    log.log(Level.WARNING, "the addresses of a name cannot be told to the kernel", e);
    then.accept(Outcome.FAILED);
  }

  /** What nothing was opened by for longest goes, an eighth at a time. */
  private void evict(int caller, Map<InetAddress, Entry> mine) {
    record Used(InetAddress address, long nanos) {}
    List<Used> all = new ArrayList<>();
    for (InetAddress address : mine.keySet()) {
      long used =
          learned
              .lookup(new LearnedKey(caller, address).encode())
              .map(Learned::decode)
              .map(Learned::usedNanos)
              .orElse(0L);
      all.add(new Used(address, used));
    }
    all.sort(Comparator.comparingLong(Used::nanos));
    log.log(Level.WARNING, "container " + caller + " has learned more addresses than are kept");
    for (Used one : all.subList(0, MOST_OF_ONE / 8)) {
      mine.remove(one.address);
      boolean _ = learned.delete(new LearnedKey(caller, one.address).encode());
    }
  }

  /**
   * Forgets what is over; called from time to time.
   *
   * @param alive whether a container is still there
   */
  public synchronized void sweep(IntPredicate alive) {
    long now = System.nanoTime();
    if (now - sweptNanos < SWEEP_SECONDS * SECOND) {
      return;
    }
    sweptNanos = now;
    learned.forEach((key, value) -> {
      LearnedKey at = LearnedKey.decode(key);
      if (Learned.decode(value).untilNanos() - now <= 0 || !alive.test(at.owner())) {
        boolean _ = learned.delete(key);
        Map<InetAddress, Entry> mine = byOwner.get(at.owner());
        if (mine != null) {
          mine.remove(at.address());
        }
      }
    });
    byOwner.values().forEach(mine -> mine.values().removeIf(entry -> entry.untilNanos - now <= 0));
    byOwner.keySet().removeIf(owner -> !alive.test(owner));
    known.removeIf(pair -> !alive.test((int) (pair >> 32)));
  }
}
