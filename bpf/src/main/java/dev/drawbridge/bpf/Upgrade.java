package dev.drawbridge.bpf;

import dev.drawbridge.bpf.abi.MapSizes;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.failure.LoadRejected;
import dev.drawbridge.bpf.failure.MapFull;
import dev.drawbridge.bpf.failure.MapLayoutMismatch;
import dev.drawbridge.bpf.ffi.LibBpf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Puts another version of programs and maps in the place of the pinned one, with no moment at which
 * a cgroup is without: {@link #prepare} loads the new beside the old, the caller fills maps that
 * are {@link Change#REBUILT}, {@link #swapLinks} exchanges the program of every link, one after the
 * other and each in one step, and {@link #commit} gives the new maps the old ones' names.
 *
 * <p>Until then the old version enforces, with its own maps; between the first and the last link
 * both do. Nothing writes policy meanwhile: the caller is the only writer. A crash leaves links of
 * both versions, all of them enforcing, and the next {@code prepare} begins again from the maps
 * that have the names.
 */
public final class Upgrade implements AutoCloseable {
  /** BPF_MAP_TYPE_{HASH,ARRAY,LPM_TRIE}: written by the agent alone, and copied by key. */
  private static final Set<Integer> COPIED = Set.of(1, 2, 11);

  /** BPF_MAP_TYPE_{CGROUP,SK}_STORAGE: belong to cgroups and sockets that live on. */
  private static final Set<Integer> BOUND = Set.of(19, 24);

  /** Of those types, but written by the programs of both versions. */
  private static final Set<String> SHARED = Set.of("flows", "flow_places", "flow_holders");

  /**
   * A new one for each load, without a pin: what programs of another version count there means
   * other lines, and goes on in their own.
   */
  private static final Set<String> OWN = Set.of("drops");

  /** What became of a map that differs. */
  public enum Change {
    /** Another size: a new map with the same entries. */
    RESIZED,
    /**
     * Another size, but programs of both versions must share it: the old one, as large as it was.
     */
    KEPT,
    /** Another layout: a new map without entries. Fill it before {@link Upgrade#swapLinks}. */
    REBUILT
  }

  private final Pins pins;
  private final BpfObject object;
  private final Map<String, Change> changes;
  private boolean committed;

  private Upgrade(Pins pins, BpfObject object, Map<String, Change> changes) {
    this.pins = pins;
    this.object = object;
    this.changes = changes;
  }

  /**
   * Loads the new version beside the pinned one. With no pins, or equal ones, this is an ordinary
   * load, and the rest does nothing but exchange the programs.
   *
   * @throws MapLayoutMismatch if the state of cgroups or sockets has another layout: it lives as
   *     long as they do, and cannot be carried over; nothing was changed
   * @throws MapFull if a map's new size does not hold what the old one has; nothing was changed
   * @throws LoadRejected if the verifier refuses a program; nothing was changed
   */
  public static Upgrade prepare(byte[] elf, MapSizes sizes, Pins pins) {
    pins.create();
    pins.removeStaging();
    Map<String, Change> changes = new TreeMap<>();
    try {
      Files.createDirectories(pins.staging());
    } catch (IOException e) {
      throw Failures.of("make the directory of new maps", pins.staging(), e);
    }
    BpfObject object = null;
    boolean complete = false;
    try {
      object = BpfObject.load(elf, (spec, btf) -> place(spec, btf, sizes, pins, changes));
      Upgrade upgrade = new Upgrade(pins, object, Collections.unmodifiableMap(changes));
      upgrade.copy();
      complete = true;
      return upgrade;
    } finally {
      if (!complete) {
        if (object != null) {
          object.close();
        }
        pins.removeStaging();
      }
    }
  }

  private static BpfObject.Placement place(
      LibBpf.MapSpec spec, byte[] btf, MapSizes sizes, Pins pins, Map<String, Change> changes) {
    Path pin = pins.maps().resolve(spec.name());
    int size = sizes.of(spec.name(), spec.maxEntries());
    if (OWN.contains(spec.name())) {
      return new BpfObject.Placement(Optional.empty(), size);
    }
    Optional<PinnedMaps.Difference> found = PinnedMaps.difference(spec.resized(size), btf, pin);
    if (found.isEmpty()) {
      return new BpfObject.Placement(Optional.of(pin), size);
    }
    PinnedMaps.Difference difference = found.get();
    boolean sizeOnly = difference.kind() == PinnedMaps.Kind.SIZE;
    if (!sizeOnly && BOUND.contains(spec.type())) {
      throw new MapLayoutMismatch(
          pin.toString(),
          difference.text(),
          "what it knows of running containers and their connections cannot be carried over: stop"
              + " them and remove the pins");
    }
    if (sizeOnly && (SHARED.contains(spec.name()) || !COPIED.contains(spec.type()))) {
      changes.put(spec.name(), Change.KEPT);
      return new BpfObject.Placement(Optional.of(pin), difference.found());
    }
    changes.put(spec.name(), sizeOnly ? Change.RESIZED : Change.REBUILT);
    return new BpfObject.Placement(Optional.of(pins.staging().resolve(spec.name())), size);
  }

  private void copy() {
    changes.forEach((name, change) -> {
      if (change == Change.RESIZED) {
        try (BpfMap old = BpfMap.openPinned(pins.maps().resolve(name))) {
          old.forEach(object.map(name)::put);
        }
      }
    });
  }

  /** The new version. After {@link #commit} it is the caller's, to be closed by it. */
  public BpfObject object() {
    return object;
  }

  /** Maps that differ, by name; empty if none does. */
  public Map<String, Change> changes() {
    return changes;
  }

  /**
   * Exchanges the program of every pinned link, and of every filter. A link whose cgroup is gone is
   * left for whoever collects them.
   *
   * @return pins whose program the new version does not have: they go on with the old one
   */
  public List<Path> swapLinks() {
    List<Path> without = new ArrayList<>();
    VethFilters.aim(object);
    pins.allLinks()
        .forEach((pin, name) -> {
          if (!object.programs().contains(name)) {
            without.add(pin);
            return;
          }
          try (Link link = Link.openPinned(pin)) {
            if (link.target() != 0) {
              link.update(object.program(name));
            }
          }
        });
    return List.copyOf(without);
  }

  /** Gives the new maps the old ones' names, which lets go of the old ones. */
  public void commit() {
    changes.forEach((name, change) -> {
      if (change != Change.KEPT) {
        move(pins.staging().resolve(name), pins.maps().resolve(name));
      }
    });
    pins.removeStaging();
    committed = true;
  }

  private static void move(Path from, Path to) {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw Failures.of("put map in place", to, e);
    }
  }

  /** Gives up what was not committed; links that were exchanged go on with the new version. */
  @Override
  public void close() {
    if (!committed) {
      object.close();
      pins.removeStaging();
    }
  }
}
