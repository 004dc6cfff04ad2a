package dev.drawbridge.daemon.kernel;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.abi.Learned;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.MapFull;
import dev.drawbridge.bpf.key.AddressKey;
import dev.drawbridge.bpf.key.LearnedKey;
import dev.drawbridge.daemon.config.NameSettings;
import dev.drawbridge.daemon.kernel.LearnedOfOne.Entry;
import dev.drawbridge.l7.LearnedNames;
import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;

/**
 * What containers have learned of addresses by asking for names: for each of them alone. It is in
 * the kernel before the container sees the answer, and opens something until the answer's time is
 * over. Then it is kept in mind while there is room: what was opened by it lives on, and is judged
 * again by it when rules change. Safe for any thread; its lock is held while the kernel is told.
 */
public final class LearnedAddresses implements LearnedNames {
  /** Addresses of one container; beyond, those go that nothing was opened by for longest. */
  static final int MOST_OF_ONE = 2048;

  /**
   * Names of addresses of one container, each as often as it has addresses, and one of more than 64
   * octets as several; beyond likewise. An answer that alone has more is not passed on.
   */
  static final int MOST_NAMES_OF_ONE = 4096;

  /** The same of all; beyond, addresses of the container that has most go. */
  static final int MOST = 16_384;

  /** Numbers of one container that are kept although nothing is learned under them any more. */
  private static final int SPARE_NUMBERS = 256;

  /** Numbers are given back no sooner: each new one is a generation for all. */
  private static final long RELEASE_NANOS = 60_000_000_000L;

  /** Names of one address that a record shows. */
  private static final int SHOWN = 3;

  private static final System.Logger log = System.getLogger(LearnedAddresses.class.getName());

  private static final long SECOND = 1_000_000_000L;

  private static final long SWEEP_SECONDS = 5;

  /** How long a container is told of whose addresses did not find room. */
  private static final long REMEMBERED_SECONDS = 3600;

  /** Which containers there are, and whom they may believe. */
  public interface Believed {
    /** Whether somebody with that container can answer his own questions. */
    boolean forges(int caller);

    /** Whether it was given that resolver. */
    boolean isGiven(int caller, InetSocketAddress resolver);
  }

  /** What the kernel knows of numbers. */
  @FunctionalInterface
  public interface Paired {
    /** Whether it has what rules of that container say of that number. */
    boolean has(int owner, int number);
  }

  /**
   * One address that a container knows.
   *
   * @param number by which something new is judged; 0: as who has the address
   */
  public record Known(InetAddress address, Map<String, Long> untilNanos, int number) {
    /** Whether rules speak of it by a name whose time is not over. */
    public boolean opens() {
      return number != 0;
    }
  }

  private final BpfMap learned;
  private final BpfMap addresses;
  private final LearnedFile file;
  private volatile NameSettings settings;
  private final Believed believed;
  private final Paired paired;
  private final Consumer<Consumer<Boolean>> renew;
  private final Map<Integer, LearnedOfOne> byOwner = new ConcurrentHashMap<>();
  private final Map<Integer, Long> evicted = new ConcurrentHashMap<>();
  private volatile Policy policy = Policy.empty();
  private volatile Optional<String> damage = Optional.empty();
  private AddressIndex index = AddressIndex.NONE;
  private Set<Long> unpaired = Set.of();
  private int size;
  private long sweptNanos = System.nanoTime();

  /**
   * @param learned what the kernel knows
   * @param addresses whose an address is by its number alone
   * @param file where it is kept for the next agent
   * @param renew has the pairs of new numbers written, and says then whether they are
   */
  public LearnedAddresses(
      BpfMap learned,
      BpfMap addresses,
      Path file,
      NameSettings settings,
      Believed believed,
      Paired paired,
      Consumer<Consumer<Boolean>> renew) {
    this.learned = learned;
    this.addresses = addresses;
    this.file = new LearnedFile(file);
    this.settings = settings;
    this.believed = believed;
    this.paired = paired;
    this.renew = renew;
    resume();
  }

  /** What the agent before knew: of which the kernel has an entry, or that opens nothing. */
  private synchronized void resume() {
    try {
      for (LearnedFile.Line line : file.read()) {
        Entry entry = of(line.owner()).entry(line.address());
        entry.names().put(line.name(), line.untilNanos());
      }
    } catch (NoSuchFileException _) {
      // The first start since boot.
      int _ = learned.clear();
    } catch (IOException e) {
      lost(Optional.of(String.valueOf(e.getMessage())));
    }
    Set<LearnedKey> kernels = new HashSet<>();
    learned.forEach((key, value) -> {
      LearnedKey at = LearnedKey.decode(key);
      LearnedOfOne owned = byOwner.get(at.owner());
      Entry entry = owned == null ? null : owned.entries().get(at.address());
      if (entry == null) {
        // Nobody can say what it means.
        boolean _ = learned.delete(key);
        return;
      }
      Learned known = Learned.decode(value);
      entry.means(known.peer(), known.again());
      entry.told();
      kernels.add(at);
    });
    byOwner.forEach((owner, owned) ->
        owned
            .entries()
            .values()
            .removeIf(entry ->
                !kernels.contains(new LearnedKey(owner, entry.address()))
                    && !entry.isLive(System.nanoTime())));
    byOwner
        .values()
        .forEach(owned -> owned.entries().values().forEach(entry -> entry.bounded(Set.of())));
    size = byOwner.values().stream().mapToInt(LearnedOfOne::size).sum();
    for (int owner : List.copyOf(byOwner.keySet())) {
      makeRoom(owner, of(owner), List.of(), System.nanoTime());
    }
    file.replace(lines());
  }

  /**
   * What was known is no use: nothing is known from now on.
   *
   * @param why empty if there was nothing to be known
   */
  public synchronized void lost(Optional<String> why) {
    int _ = learned.clear();
    byOwner.clear();
    size = 0;
    damage = why;
    why.ifPresent(
        sentence -> log.log(Level.WARNING, "what was learned of names is forgotten: " + sentence));
    file.replace(List.of());
  }

  /** Why what an agent before had learned is not known, if it is not. */
  public Optional<String> damage() {
    return damage;
  }

  /** Containers some of whose addresses found no room in the last hour. */
  public Set<Integer> evicted() {
    return new TreeSet<>(evicted.keySet());
  }

  /** What a container knows, in no order. */
  public synchronized List<Known> of(int owner, long now) {
    LearnedOfOne owned = byOwner.get(owner);
    return owned == null
        ? List.of()
        : owned.entries().values().stream()
            .map(entry ->
                new Known(
                    entry.address(),
                    Map.copyOf(entry.names()),
                    entry.isLive(now) ? entry.peer() : 0))
            .toList();
  }

  /** How long is known what is learned from now on, and what who may not ask is told. */
  public synchronized void settings(NameSettings now) {
    settings = now;
  }

  /** By which names a container knows an address, in order, joined by commas. */
  public synchronized String names(int owner, InetAddress address) {
    LearnedOfOne owned = byOwner.get(owner);
    Entry entry = owned == null ? null : owned.entries().get(address);
    return entry == null
        ? ""
        : entry.names().keySet().stream().sorted().limit(SHOWN).collect(Collectors.joining(","));
  }

  @Override
  public int again(int caller, int peer, InetAddress address) {
    if (!Peers.isNetwork(peer) && peer != Peers.WORLD) {
      return peer;
    }
    LearnedOfOne owned = byOwner.get(caller);
    if (owned == null) {
      return peer;
    }
    synchronized (this) {
      Entry entry = owned.entries().get(address);
      if (entry == null) {
        return peer;
      }
      // What was not opened by a name gains nothing by one whose time is over.
      int now =
          Peers.isNamed(peer) ? entry.again() : entry.isLive(System.nanoTime()) ? entry.peer() : 0;
      return now == 0 ? peer : now;
    }
  }

  @Override
  public Refusal refusal() {
    return settings.refusal();
  }

  @Override
  public void learned(
      int caller,
      InetSocketAddress resolver,
      List<String> names,
      List<Address> found,
      Consumer<Outcome> then) {
    boolean ready;
    List<Address> news = new ArrayList<>();
    try {
      Policy now = policy;
      for (Address address : found) {
        if (Policy.isInside(address.address())
            && now.rebinds(caller, base(address.address()), address.address(), names)) {
          then.accept(now.auditsAnswers(caller) ? Outcome.REBINDS_IN_AUDIT : Outcome.REBINDS);
          return;
        }
      }
      if (!teaches(now, caller, resolver)) {
        then.accept(Outcome.KNOWN);
        return;
      }
      List<String> taught = LearnedOfOne.taught(names);
      if (LearnedOfOne.size(taught) * found.size() > MOST_NAMES_OF_ONE) {
        then.accept(Outcome.FAILED);
        return;
      }
      ready = note(caller, taught, found, news);
    } catch (BpfException e) {
      failed(e, then);
      return;
    }
    if (ready) {
      write(caller, news, then);
    } else {
      renew.accept(_ -> {
        if (arePaired(caller, found)) {
          write(caller, news, then);
        } else {
          then.accept(Outcome.FAILED);
        }
      });
    }
  }

  /**
   * Whether an answer opens anything: of a resolver that the container was given, or that a rule
   * names. Where packets can be made by hand or changed on their way, all answers are its own.
   */
  private boolean teaches(Policy now, int caller, InetSocketAddress resolver) {
    if (believed.forges(caller)) {
      return false;
    }
    if (believed.isGiven(caller, resolver)) {
      return true;
    }
    if (resolver.getAddress().isLoopbackAddress()) {
      return false;
    }
    int peer = base(resolver.getAddress());
    if (peer == caller) {
      // Whatever rules say of the likes of it: it would answer itself.
      return false;
    }
    return now.trusts(caller, peer, dev.drawbridge.policy.Ports.UDP, resolver.getPort())
        || now.trusts(caller, peer, dev.drawbridge.policy.Ports.TCP, resolver.getPort());
  }

  private int base(InetAddress address) {
    return addresses
        .lookup(AddressKey.exactly(address).encode())
        .map(value -> ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()).getInt())
        .orElse(Peers.WORLD);
  }

  private LearnedOfOne of(int owner) {
    return byOwner.computeIfAbsent(owner, _ -> new LearnedOfOne());
  }

  /**
   * Whether the kernel has a pair for each of the numbers.
   *
   * @param news is given what the kernel does not know as it is now
   */
  private synchronized boolean note(
      int caller, List<String> names, List<Address> found, List<Address> news) {
    LearnedOfOne mine = of(caller);
    long now = System.nanoTime();
    List<LearnedFile.Line> lines = new ArrayList<>();
    boolean ready = true;
    for (Address address : found) {
      Entry entry = mine.entry(address.address());
      int before = entry.size();
      int known = lines.size();
      // Up to the next whole second, so that who asks all the time has it written once in one.
      long until =
          (Math.floorDiv(now, SECOND)
                  + 1
                  + settings.counted(address.seconds())
                  + settings.graceSeconds())
              * SECOND;
      for (String name : names) {
        if (entry.learns(name, until)) {
          lines.add(new LearnedFile.Line(caller, entry.address(), until, name));
        }
      }
      if (lines.size() == known && entry.isTold()) {
        ready &= isPaired(caller, entry);
        continue;
      }
      news.add(address);
      entry.bounded(names);
      size += entry.size() - before;
      judge(policy, caller, base(entry.address()), entry, now);
      ready &= isPaired(caller, entry);
    }
    if (news.isEmpty()) {
      return ready;
    }
    mine.unsettled(true);
    file.add(lines);
    makeRoom(caller, mine, found, now);
    if (file.isLarge()) {
      file.replace(lines());
    }
    return ready;
  }

  /** What the names of an address mean by that policy. */
  private static void judge(Policy by, int owner, int base, Entry entry, long now) {
    entry.means(
        number(by, owner, base, entry, entry.live(now)),
        number(by, owner, base, entry, entry.names().keySet()));
  }

  private static int number(Policy by, int owner, int base, Entry entry, Set<String> names) {
    if (names.isEmpty()) {
      return 0;
    }
    int number = by.named(owner, base, entry.address(), names);
    return number == base ? 0 : number;
  }

  /** Whether the kernel has by now what rules say of what was found. */
  private synchronized boolean arePaired(int owner, List<Address> found) {
    LearnedOfOne owned = byOwner.get(owner);
    for (Address address : found) {
      Entry entry = owned == null ? null : owned.entries().get(address.address());
      if (entry != null && !isPaired(owner, entry)) {
        return false;
      }
    }
    return true;
  }

  private boolean isPaired(int owner, Entry entry) {
    return isPaired(owner, entry.peer()) && isPaired(owner, entry.again());
  }

  private boolean isPaired(int owner, int number) {
    return number == 0 || number == Peers.UNKNOWN || paired.has(owner, number);
  }

  private void write(int caller, List<Address> found, Consumer<Outcome> then) {
    try {
      synchronized (this) {
        LearnedOfOne mine = byOwner.get(caller);
        long now = System.nanoTime();
        for (Address address : found) {
          Entry entry = mine == null ? null : mine.entries().get(address.address());
          if (entry != null) {
            tell(caller, entry, now);
          }
        }
      }
    } catch (BpfException e) {
      failed(e, then);
      return;
    }
    then.accept(Outcome.KNOWN);
  }

  /** Has the kernel know what the entry says. */
  private void tell(int owner, Entry entry, long usedNanos) {
    byte[] key = new LearnedKey(owner, entry.address()).encode();
    if (entry.peer() == 0 && entry.again() == 0) {
      boolean _ = learned.delete(key);
    } else {
      learned.put(
          key, new Learned(entry.untilNanos(), usedNanos, entry.peer(), entry.again()).encode());
    }
    entry.told();
  }

  private static void failed(BpfException e, Consumer<Outcome> then) {
    log.log(Level.WARNING, "the addresses of a name cannot be told to the kernel", e);
    then.accept(Outcome.FAILED);
  }

  private void makeRoom(int caller, LearnedOfOne mine, List<Address> found, long now) {
    Set<InetAddress> kept = new HashSet<>();
    found.forEach(address -> kept.add(address.address()));
    while (mine.entries().size() > MOST_OF_ONE || mine.size() > MOST_NAMES_OF_ONE) {
      if (!evict(caller, mine, kept, now)) {
        break;
      }
    }
    while (size > MOST) {
      Map.Entry<Integer, LearnedOfOne> most =
          byOwner.entrySet().stream()
              .max(Comparator.comparingInt(one -> one.getValue().size()))
              .orElseThrow();
      if (!evict(most.getKey(), most.getValue(), kept, now)) {
        break;
      }
    }
  }

  /**
   * An eighth goes: what opens nothing any more, then what nothing was opened by for longest. What
   * was opened by them stays as it is.
   *
   * @return whether any went
   */
  private boolean evict(int owner, LearnedOfOne owned, Set<InetAddress> kept, long now) {
    record Used(Entry entry, boolean live, long nanos) {}
    List<Used> all = new ArrayList<>();
    for (Entry entry : owned.entries().values()) {
      if (!kept.contains(entry.address())) {
        long used =
            learned
                .lookup(new LearnedKey(owner, entry.address()).encode())
                .map(Learned::decode)
                .map(Learned::usedNanos)
                .orElse(0L);
        all.add(new Used(entry, entry.isLive(now) && entry.peer() != 0, used));
      }
    }
    all.sort(Comparator.comparing(Used::live).thenComparingLong(Used::nanos));
    for (Used one : all.subList(0, Math.min(all.size(), owned.entries().size() / 8 + 1))) {
      boolean _ = learned.delete(new LearnedKey(owner, one.entry.address()).encode());
      owned.entries().remove(one.entry.address());
      size -= one.entry.size();
      if (one.live && evicted.put(owner, now) == null) {
        log.log(Level.WARNING, "container " + owner + " has learned more addresses than are kept");
      }
    }
    return !all.isEmpty();
  }

  // The control loop's thread.

  /**
   * Has the coming policy number everything that is known, so that its pairs are written.
   *
   * @param whose each address is by then
   */
  public synchronized void numbered(Policy coming, Map<Cidr, Integer> whose) {
    index = AddressIndex.of(whose);
    long now = System.nanoTime();
    byOwner.forEach((owner, owned) -> {
      if (coming.member(owner).isPresent() && changes(coming, owner, owned)) {
        for (Entry entry : owned.entries().values()) {
          int base = index.of(entry.address());
          int _ = number(coming, owner, base, entry, entry.live(now));
          int _ = number(coming, owner, base, entry, entry.names().keySet());
        }
      }
    });
  }

  /**
   * The pairs of that policy are written and nothing is gone yet: what is known means what it says
   * from now on. What the kernel does not take is not known any more.
   */
  public synchronized void inForce(Policy now) {
    Policy before = policy;
    policy = now;
    byOwner.forEach((owner, owned) -> {
      if (now.member(owner).isPresent()
          && (owned.isUnsettled() || !now.meansTheSame(before, owner))) {
        // What fails is tried again with the next.
        owned.unsettled(true);
        boolean settled = true;
        for (Entry entry : List.copyOf(owned.entries().values())) {
          renumber(now, owner, entry);
          settled &= entry.isTold();
        }
        owned.unsettled(!settled);
      }
    });
  }

  /** Whether what it knows may have other numbers by the coming policy. */
  private boolean changes(Policy coming, int owner, LearnedOfOne owned) {
    return owned.isUnsettled() || !coming.meansTheSame(policy, owner);
  }

  private void renumber(Policy now, int owner, Entry entry) {
    judge(now, owner, index.of(entry.address()), entry, System.nanoTime());
    if (entry.isTold()) {
      return;
    }
    long used =
        learned
            .lookup(new LearnedKey(owner, entry.address()).encode())
            .map(Learned::decode)
            .map(Learned::usedNanos)
            .orElse(0L);
    try {
      tell(owner, entry, used);
    } catch (MapFull e) {
      // Until there is room it stays as it was.
      log.log(
          Level.WARNING, "an address of container " + owner + " cannot be told to the kernel", e);
    }
  }

  /**
   * Whether something is known under a number that the kernel has no pair for, and was not the last
   * time: it was learned while the pairs were written.
   */
  public synchronized boolean lacksPairs() {
    Set<Long> lacking = new HashSet<>();
    byOwner.forEach((owner, owned) -> {
      if (policy.member(owner).isPresent() && owned.isUnsettled()) {
        for (Entry entry : owned.entries().values()) {
          for (int number : new int[] {entry.peer(), entry.again()}) {
            if (!isPaired(owner, number)) {
              lacking.add((long) owner << 32 | (number & 0xffff_ffffL));
            }
          }
        }
      }
    });
    boolean news = !unpaired.containsAll(lacking);
    unpaired = lacking;
    return news;
  }

  /**
   * Forgets what is over; called from time to time.
   *
   * @param alive whether a container is still there
   * @return whether pairs are to be written for what is left of names that shared an address
   */
  public synchronized boolean sweep(IntPredicate alive) {
    long now = System.nanoTime();
    if (now - sweptNanos < SWEEP_SECONDS * SECOND) {
      return false;
    }
    sweptNanos = now;
    evicted.values().removeIf(at -> now - at > REMEMBERED_SECONDS * SECOND);
    for (int owner : List.copyOf(byOwner.keySet())) {
      LearnedOfOne owned = of(owner);
      if (!alive.test(owner)) {
        owned
            .entries()
            .keySet()
            .forEach(address -> {
              boolean _ = learned.delete(new LearnedKey(owner, address).encode());
            });
        size -= owned.size();
        byOwner.remove(owner);
        evicted.remove(owner);
      } else if (policy.member(owner).isPresent()) {
        owned.entries().values().stream()
            .filter(entry -> entry.isLive(now) && entry.hasNewlyOver(now))
            .forEach(entry -> {
              owned.unsettled(true);
              renumber(policy, owner, entry);
            });
        release(owner, owned);
      }
    }
    if (file.isWorn(size)) {
      file.replace(lines());
    }
    return lacksPairs();
  }

  /** Numbers under which nothing is known any more may still be those of connections. */
  private void release(int owner, LearnedOfOne owned) {
    if (policy.numbersOf(owner) <= SPARE_NUMBERS
        || !owned.releases(System.nanoTime(), RELEASE_NANOS)) {
      return;
    }
    Set<Integer> used = new HashSet<>();
    for (Entry entry : owned.entries().values()) {
      used.add(entry.peer());
      used.add(entry.again());
    }
    policy.release(owner, used);
  }

  private List<LearnedFile.Line> lines() {
    List<LearnedFile.Line> lines = new ArrayList<>();
    byOwner.forEach((owner, owned) ->
        owned
            .entries()
            .values()
            .forEach(entry ->
                new HashMap<>(entry.names())
                    .forEach((name, until) ->
                        lines.add(new LearnedFile.Line(owner, entry.address(), until, name)))));
    return lines;
  }
}
