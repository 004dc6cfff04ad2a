package dev.drawbridge.daemon.attach;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.BpfObject;
import dev.drawbridge.bpf.Link;
import dev.drawbridge.bpf.Pins;
import dev.drawbridge.bpf.Program;
import dev.drawbridge.bpf.VethFilters;
import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.abi.Veth;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.key.ResolverKey;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.bpf.linux.Veths;
import java.io.File;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The programs at the host's ends of containers' veths, for what no program of a cgroup sees: what
 * the kernel itself answers (ping), what a process sends that has left its cgroup and not its
 * network namespace, and frames that no socket of a container sent, whatever its processes showed
 * of their capabilities. They are filters of the interface, or links (tcx, Linux 6.6) where
 * something else has the place of filters. Used by the control loop's thread alone.
 */
public final class VethGuard {

  private static final System.Logger log = System.getLogger(VethGuard.class.getName());

  private static final String TO_CONTAINER = "to_container";
  private static final String FROM_CONTAINER = "from_container";

  /** A multicast address, which no frame comes from (IEEE 802.3 3.2.5), and no bridge forwards. */
  private static final long NOBODYS_MAC = 0x0100_0000_0000L;

  private final BpfObject object;
  private final Pins pins;
  private final VethFilters filters;
  private final BpfMap veths;

  private final BpfMap resolvers;
  private final BpfMap rewriters;

  /** By namespace: indexes of the host's interfaces that are guarded. */
  private final Map<Integer, Set<Integer>> guarded = new HashMap<>();

  /** Of those, whose other end nobody has finished yet. */
  private final Map<Integer, Set<Integer>> halfMade = new HashMap<>();

  /** By namespace, what the maps of addresses and capabilities hold of it. */
  private final Map<Integer, Set<ResolverKey>> asked = new HashMap<>();

  private boolean refused;

  public VethGuard(BpfObject object, Pins pins) {
    this.object = object;
    this.pins = pins;
    this.filters = pins.filters();
    VethFilters.aim(object);
    this.veths = object.map("veths");
    this.resolvers = object.map("resolvers");
    this.rewriters = object.map("rewriters");
  }

  /**
   * Guards every veth of a namespace.
   *
   * @param number the agent's number of the namespace
   * @param owner the endpoint that answers for what is asked of the link
   * @param servers whom the container engine's DNS server asks from inside
   * @param runs whether somebody may be sending there: making the place for filters has an
   *     interface that is up lose what it sends at that moment (dev_deactivate,
   *     net/sched/sch_generic.c)
   * @return whether all that leads out of the namespace is guarded
   */
  public boolean guard(
      int number, int owner, NetworkNamespace namespace, Set<InetAddress> servers, boolean runs) {
    try {
      Set<ResolverKey> known = asked.computeIfAbsent(number, _ -> new HashSet<>());
      for (InetAddress server : servers) {
        ResolverKey key = new ResolverKey(number, server);
        if (known.add(key)) {
          resolvers.put(key.encode(), NativeOrder.u32(1));
        }
      }
      Veths.Ways ways = Veths.waysOutOf(namespace);
      List<Veths.Leading> leading = ways.veths();
      Set<Integer> done = guarded.computeIfAbsent(number, _ -> new HashSet<>());
      for (Veths.Leading veth : leading) {
        int index = veth.here().index();
        boolean fresh = !done.contains(index);
        if (fresh || isHalfMade(number, index)) {
          long mac = mac(number, veth);
          veths.put(NativeOrder.u32(index), new Veth(number, mac, owner).encode());
          halfMade(number, index, mac == NOBODYS_MAC);
        }
        if (fresh) {
          attach(number, index, runs);
          // Not before: what fails is tried again, and is not taken for guarded meanwhile.
          boolean _ = done.add(index);
        }
      }
      Set<Integer> there = new HashSet<>();
      leading.forEach(veth -> there.add(veth.here().index()));
      halfMade.computeIfPresent(
          number, (_, all) -> all.retainAll(there) && all.isEmpty() ? null : all);
      return ways.all();
    } catch (BpfException e) {
      log.log(refused ? Level.DEBUG : Level.WARNING, "no programs at the veths of containers", e);
      refused = true;
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (Exception e) {
      log.log(Level.WARNING, "the veths of namespace " + number, e);
      return false;
    }
  }

  /** Another endpoint answers for the link from now on. */
  public void owned(int number, int owner) {
    for (int index : guarded.getOrDefault(number, Set.of())) {
      veths
          .lookup(NativeOrder.u32(index))
          .map(Veth::decode)
          .ifPresent(was ->
              veths.put(NativeOrder.u32(index), new Veth(was.netns(), was.mac(), owner).encode()));
    }
  }

  /** Whether an interface of the namespace was not up yet: it is to be looked at again. */
  public boolean isHalfMade(int number) {
    return halfMade.containsKey(number);
  }

  private boolean isHalfMade(int number, int index) {
    return halfMade.getOrDefault(number, Set.of()).contains(index);
  }

  private void halfMade(int number, int index, boolean now) {
    if (now) {
      boolean _ = halfMade.computeIfAbsent(number, _ -> new HashSet<>()).add(index);
    } else {
      halfMade.computeIfPresent(
          number,
          (_, all) -> {
            boolean _ = all.remove(index);
            return all.isEmpty() ? null : all;
          });
    }
  }

  /**
   * As it was when the interface was first seen up: who lives behind it may have changed it since,
   * and before that the engine that makes it has not given it the one that it is to have.
   */
  private long mac(int number, Veths.Leading veth) {
    return veths
        .lookup(NativeOrder.u32(veth.here().index()))
        .map(Veth::decode)
        .filter(before -> before.netns() == number)
        .map(Veth::mac)
        .filter(before -> before != 0 && before != NOBODYS_MAC)
        .orElse(veth.inside().up() ? veth.inside().mac() : NOBODYS_MAC);
  }

  /** Whether {@link #mayRewrite} was said of it, by an agent before this one too. */
  public boolean mayBeRewritten(int number) {
    return rewriters.lookup(NativeOrder.u32(number)).isPresent();
  }

  /** Somebody in the namespace may change packets on their way. Holds for as long as it lives. */
  public void mayRewrite(int number) {
    rewriters.put(NativeOrder.u32(number), NativeOrder.u32(1));
  }

  /**
   * What was attached before stays as it was. Else filters, which the kernel attaches at once; but
   * links where somebody is sending, for which it takes its time.
   */
  private void attach(int number, int index, boolean runs) {
    Path directory = directory(number, index);
    boolean links = Files.isDirectory(directory);
    if (links || (runs && !filters.has(number, index))) {
      try {
        link(directory, index);
        return;
      } catch (BpfException e) {
        log.log(Level.DEBUG, "no links at interface " + index, e);
        unlink(directory);
      }
    }
    if (!filters.put(object, number, index)) {
      link(directory, index);
    }
  }

  private void link(Path directory, int index) {
    link(directory, TO_CONTAINER, index, Program.Way.OUT);
    link(directory, FROM_CONTAINER, index, Program.Way.INTO);
  }

  private static void unlink(Path directory) {
    for (String program : List.of(TO_CONTAINER, FROM_CONTAINER)) {
      Link.unpin(directory.resolve(program));
    }
    if (directory.toFile().exists() && !directory.toFile().delete()) {
      log.log(Level.DEBUG, directory + " stays");
    }
  }

  private void link(Path directory, String program, int index, Program.Way way) {
    Path pin = directory.resolve(program);
    if (Files.exists(pin)) {
      try (Link link = Link.openPinned(pin)) {
        if (link.target() == index) {
          link.update(object.program(program));
          return;
        }
      }
      Link.unpin(pin);
    }
    try (Link link = object.program(program).attachInterface(index, way)) {
      link.pin(pin);
    }
  }

  /** A namespace has a directory for each of its veths. */
  private Path directory(int number, int index) {
    return pins.veths().resolve(number + "-" + index);
  }

  /** No guarded container lives in the namespace any more. */
  public void leave(int number) {
    guarded.remove(number);
    halfMade.remove(number);
    for (ResolverKey key : Optional.ofNullable(asked.remove(number)).orElse(Set.of())) {
      boolean _ = resolvers.delete(key.encode());
    }
    forget(number);
    for (String name : directories()) {
      numberOf(name).filter(found -> found == number).ifPresent(_ -> remove(name));
    }
  }

  /** Lets go of what an agent before this one left for namespaces that nobody lives in. */
  public void tidy(Set<Integer> inhabited) {
    for (String name : directories()) {
      if (numberOf(name).filter(inhabited::contains).isEmpty()) {
        remove(name);
      }
    }
    for (byte[] key : rewriters.keys()) {
      int number = ByteBuffer.wrap(key).order(ByteOrder.nativeOrder()).getInt();
      if (!inhabited.contains(number)) {
        forget(number);
      }
    }
  }

  /** Whoever had the number before may have changed packets; nobody has it now. */
  public void forget(int number) {
    boolean _ = rewriters.delete(NativeOrder.u32(number));
  }

  private void remove(String name) {
    filters.remove(name);
    unlink(pins.veths().resolve(name));
    // Last: while a program is there, an interface that is not in the map passes. The interface's
    // number may be another's by now.
    try {
      byte[] index = NativeOrder.u32(Integer.parseInt(name.substring(name.indexOf('-') + 1)));
      Optional<Integer> behind = veths.lookup(index).map(Veth::decode).map(Veth::netns);
      if (behind.isPresent() && behind.equals(numberOf(name))) {
        boolean _ = veths.delete(index);
      }
    } catch (NumberFormatException e) {
      log.log(Level.DEBUG, name + " is none of ours");
    }
  }

  private Set<String> directories() {
    Set<String> found = new TreeSet<>(filters.names());
    File[] entries = pins.veths().toFile().listFiles();
    for (File entry : entries == null ? new File[0] : entries) {
      found.add(entry.getName());
    }
    return found;
  }

  private static Optional<Integer> numberOf(String directory) {
    int dash = directory.indexOf('-');
    try {
      return dash < 0
          ? Optional.empty()
          : Optional.of(Integer.parseInt(directory.substring(0, dash)));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }
}
