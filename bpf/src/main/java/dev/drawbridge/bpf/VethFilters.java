package dev.drawbridge.bpf;

import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.ffi.TrafficControl;
import dev.drawbridge.bpf.linux.Clsact;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The programs at the host's ends of veths, as tc filters of clsact: attached in a tenth of a
 * millisecond, where a tcx link waits for a grace period of RCU with the kernel's lock of all
 * interfaces held (decision 0005).
 *
 * <p>A filter belongs to its interface and cannot be pinned, so a directory on the BPF file system
 * remembers each: {@code filters/<namespace>-<index>}, with {@code clsact} in it if the queueing
 * discipline is ours as well. What the filter runs is in map {@code veth_programs}, which is
 * pinned: without its pin and its agent the filters pass everything. Not thread-safe.
 */
public final class VethFilters {
  private static final System.Logger log = System.getLogger(VethFilters.class.getName());

  /** Asked before those that get their number from the kernel, which gives high ones. */
  private static final int PRIORITY = 1;

  private static final int HANDLE = 0xdb;
  private static final String OURS = "clsact";
  private static final int ENODEV = 19;

  /** Keys of map {@code veth_programs}: {@code enum db_veth_program}. */
  private static final List<String> PROGRAMS = List.of("to_container", "from_container");

  private final Path root;

  VethFilters(Path root) {
    this.root = root;
  }

  /**
   * From now on every filter runs the programs of this object. One write a program, whatever the
   * number of interfaces.
   */
  public static void aim(BpfObject object) {
    BpfMap programs = object.map("veth_programs");
    for (int key = 0; key < PROGRAMS.size(); key++) {
      int program = object.program(PROGRAMS.get(key)).fd().raw();
      programs.put(NativeOrder.u32(key), NativeOrder.u32(program));
    }
  }

  /**
   * Attaches both directions to an interface of the calling thread's network namespace, or puts
   * them in the place of those that an agent before this one has left.
   *
   * @param number the agent's number of the namespace behind it
   * @return false if something else is in the place, and nothing was changed
   * @throws BpfException if the interface is gone
   */
  public boolean put(BpfObject object, int number, int index) {
    String name = number + "-" + index;
    // Interfaces' numbers come again. The directory is of whoever had it, the filters of nobody.
    names(other -> other.endsWith("-" + index) && !other.equals(name)).forEach(this::forget);
    Path mark = root.resolve(name);
    boolean known = isDirectory(mark.resolve(OURS));
    make(mark.resolve(OURS));
    TrafficControl tc = TrafficControl.system();
    int made = tc.create(index);
    if (made == -Errno.EEXIST && !known) {
      unlink(mark.resolve(OURS));
    }
    if (made != 0 && (made != -Errno.EEXIST || !Clsact.kind(index).equals(Optional.of(OURS)))) {
      return refused(name, "clsact", made);
    }
    int out =
        tc.attach(place(index, TrafficControl.EGRESS), object.program("filter_to").fd().raw());
    int in =
        tc.attach(place(index, TrafficControl.INGRESS), object.program("filter_from").fd().raw());
    if (out != 0 || in != 0) {
      return refused(name, "a filter", out != 0 ? out : in);
    }
    return true;
  }

  private boolean refused(String name, String what, int result) {
    remove(name);
    if (result == -ENODEV) {
      throw Failures.of("attach a filter to interface", name, result);
    }
    log.log(Level.DEBUG, "no " + what + " at interface " + name + ": " + Errno.name(result));
    return false;
  }

  /** Whether both directions of an interface are ours. */
  public static boolean isAt(int index) {
    TrafficControl tc = TrafficControl.system();
    return tc.query(place(index, TrafficControl.EGRESS)) > 0
        && tc.query(place(index, TrafficControl.INGRESS)) > 0;
  }

  /** Whether an interface is remembered as one that has them. */
  public boolean has(int number, int index) {
    return isDirectory(root.resolve(number + "-" + index));
  }

  /** Those that are remembered: {@code <namespace>-<index>}. */
  public List<String> names() {
    return names(_ -> true);
  }

  private List<String> names(Predicate<String> wanted) {
    if (!isDirectory(root)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(root)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).filter(wanted).toList();
    } catch (IOException e) {
      throw Failures.of("list", root, e);
    }
  }

  /** Detaches, and takes the queueing discipline off if it is ours and has no other filter. */
  public void remove(String name) {
    int index = index(name);
    if (index > 0) {
      TrafficControl tc = TrafficControl.system();
      int _ = tc.detach(place(index, TrafficControl.EGRESS));
      int _ = tc.detach(place(index, TrafficControl.INGRESS));
      if (isDirectory(root.resolve(name).resolve(OURS)) && isEmpty(index)) {
        int _ = tc.destroy(index);
      }
    }
    forget(name);
  }

  private static boolean isEmpty(int index) {
    try {
      return Clsact.isEmpty(index);
    } catch (BpfException e) {
      log.log(Level.DEBUG, "the interface is gone, and its filters with it", e);
      return false;
    }
  }

  private void forget(String name) {
    unlink(root.resolve(name).resolve(OURS));
    unlink(root.resolve(name));
  }

  private static int index(String name) {
    try {
      return Integer.parseInt(name.substring(name.indexOf('-') + 1));
    } catch (NumberFormatException e) {
      log.log(Level.DEBUG, name + " names no interface");
      return 0;
    }
  }

  private static TrafficControl.Place place(int index, int point) {
    return new TrafficControl.Place(index, point, HANDLE, PRIORITY);
  }

  private static boolean isDirectory(Path path) {
    return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
  }

  private static void make(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw Failures.of("make the directory of a filter", directory, e);
    }
  }

  private static void unlink(Path directory) {
    try {
      boolean _ = Files.deleteIfExists(directory);
    } catch (IOException e) {
      throw Failures.of("remove the directory of a filter", directory, e);
    }
  }
}
