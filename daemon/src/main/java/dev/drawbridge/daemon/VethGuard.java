package dev.drawbridge.daemon;

import dev.drawbridge.bpf.BpfException;
import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.BpfObject;
import dev.drawbridge.bpf.Link;
import dev.drawbridge.bpf.NetworkNamespace;
import dev.drawbridge.bpf.Pins;
import dev.drawbridge.bpf.Program;
import dev.drawbridge.bpf.Veth;
import dev.drawbridge.bpf.Veths;
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The programs at the host's ends of containers' veths, for what no program of a cgroup sees: what
 * the kernel itself answers (ping), what a process sends that has left its cgroup and not its
 * network namespace, and, for containers that keep CAP_NET_RAW or CAP_NET_ADMIN, frames that no
 * socket of theirs sent. Needs tcx (Linux 6.6). Used by the control loop's thread alone.
 */
final class VethGuard {

  private static final Logger log = Logger.getLogger(VethGuard.class.getName());

  private static final String TO_CONTAINER = "to_container";
  private static final String FROM_CONTAINER = "from_container";

  private final BpfObject object;
  private final Pins pins;
  private final BpfMap veths;

  /** By namespace and index of the host's interface: whether its frames are judged too. */
  private final Map<Integer, Map<Integer, Boolean>> guarded = new HashMap<>();

  private boolean refused;

  VethGuard(BpfObject object, Pins pins) {
    this.object = object;
    this.pins = pins;
    this.veths = object.map("veths");
  }

  /**
   * Guards every veth of a namespace.
   *
   * @param number the agent's number of the namespace
   * @param frames whether processes inside can make frames without a socket
   * @param resolver whether the container engine's DNS server works inside
   * @return whether all that leads out of the namespace is guarded as asked
   */
  boolean guard(int number, NetworkNamespace namespace, boolean frames, boolean resolver) {
    try {
      List<Veths.End> leading = Veths.leadingTo(namespace);
      for (Veths.End end : leading) {
        Map<Integer, Boolean> done = guarded.computeIfAbsent(number, _ -> new HashMap<>());
        Boolean before = done.get(end.index());
        if (before == null || (frames && !before)) {
          veths.put(u32(end.index()), new Veth(number, resolver, frames).encode());
          done.put(end.index(), frames);
        }
        if (before == null) {
          attach(TO_CONTAINER, number, end.index(), Program.Way.OUT);
          attach(FROM_CONTAINER, number, end.index(), Program.Way.INTO);
        }
      }
      // A way out that is no veth, such as macvlan, has its other end at no interface of the host.
      return !leading.isEmpty() && leading.size() == namespace.call(Veths::ends).size();
    } catch (BpfException e) {
      log.log(refused ? Level.FINE : Level.WARNING, "no programs at the veths of containers", e);
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

  private void attach(String program, int number, int index, Program.Way way) {
    Path pin = directory(number, index).resolve(program);
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
  void leave(int number) {
    guarded.remove(number);
    for (String name : directories()) {
      numberOf(name).filter(found -> found == number).ifPresent(_ -> remove(name));
    }
  }

  /** Lets go of what an agent before this one left for namespaces that nobody lives in. */
  void tidy(Set<Integer> inhabited) {
    for (String name : directories()) {
      if (numberOf(name).filter(inhabited::contains).isEmpty()) {
        remove(name);
      }
    }
  }

  private void remove(String name) {
    Path directory = pins.veths().resolve(name);
    for (String program : List.of(TO_CONTAINER, FROM_CONTAINER)) {
      Link.unpin(directory.resolve(program));
    }
    // Last: while the program is there, an interface that is not in the map passes.
    try {
      boolean _ = veths.delete(u32(Integer.parseInt(name.substring(name.indexOf('-') + 1))));
    } catch (NumberFormatException e) {
      log.fine(directory + " is none of ours");
    }
    if (!directory.toFile().delete()) {
      log.fine(directory + " stays");
    }
  }

  private Set<String> directories() {
    Set<String> found = new TreeSet<>();
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

  private static byte[] u32(int value) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder()).putInt(value).array();
  }
}
