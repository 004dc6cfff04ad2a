package dev.drawbridge.daemon.attach;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.BpfObject;
import dev.drawbridge.bpf.abi.GuardConfig;
import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.Cgroups;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * With {@code unhooked: deny}: the programs at the cgroup that containers' cgroups lie in, which
 * refuse everything to a container that no hook announced, until the listener has adopted it. They
 * are pinned: a container that starts while the agent is down reaches nothing either.
 *
 * <p>Never hangs on a cgroup that holds anything but containers: with Docker's systemd driver the
 * parent is the slice of all services. Used by the control loop's thread alone.
 */
public final class ParentGuard {

  private static final System.Logger log = System.getLogger(ParentGuard.class.getName());

  /** Docker's cgroups: the id, or docker-ID.scope. */
  private static final Pattern CONTAINER = Pattern.compile("(.*-)?[0-9a-f]{64}(\\.scope)?");

  private final Attachments attachments;
  private final BpfMap guarded;
  private final BpfMap guard;
  private boolean deny;
  private final Set<Path> seen = new LinkedHashSet<>();
  private final Set<Path> known = new LinkedHashSet<>();
  private Optional<String> unguardable = Optional.empty();

  public ParentGuard(BpfObject object, Attachments attachments, boolean deny) throws IOException {
    this.attachments = attachments;
    this.guarded = object.map("guarded");
    this.guard = object.map("guard");
    this.deny = deny;
    // First what the programs do, then the programs: an agent that was told to allow comes after
    // one that was told to deny.
    guard.put(NativeOrder.u32(0), new GuardConfig(deny).encode());
    for (long parent : attachments.pinnedParents()) {
      if (deny) {
        attachments.refreshParent(parent);
      } else {
        attachments.detachParent(parent);
      }
    }
  }

  /**
   * The container has programs of its own. Its number is known to the parent's before they hang
   * there, so that a container is never cut off by the guard that came for others.
   *
   * @param cgroup the container's
   * @return the cgroup's id, for {@link #forget}
   */
  public long admit(Path cgroup, int endpoint) {
    long id = know(cgroup, endpoint);
    if (deny) {
      guardParentOf(cgroup);
    }
    return id;
  }

  /**
   * As {@link #admit}, but its parent is guarded by {@link #guardKnown}: when several are found
   * that run, none is cut off by the guard that came for another.
   */
  public long know(Path cgroup, int endpoint) {
    long id = Cgroups.id(cgroup);
    if (deny) {
      guarded.put(u64(id), NativeOrder.u32(endpoint));
      known.add(cgroup);
    }
    return id;
  }

  /** Guards the parents of all that are known. */
  public void guardKnown() {
    for (Path cgroup : List.copyOf(known)) {
      guardParentOf(cgroup);
      known.remove(cgroup);
    }
  }

  /**
   * The operator has changed his mind.
   *
   * @param running the cgroups of those that run, with their numbers: none of them is cut off
   * @throws BpfException when it does not hold; then all is allowed
   */
  public void deny(boolean now, Map<Path, Integer> running) {
    if (now == deny) {
      return;
    }
    if (!now) {
      allow();
      return;
    }
    deny = true;
    try {
      for (Map.Entry<Path, Integer> one : running.entrySet()) {
        try {
          long _ = know(one.getKey(), one.getValue());
        } catch (BpfException e) {
          if (Files.exists(one.getKey())) {
            throw e;
          }
        }
      }
      guard.put(NativeOrder.u32(0), new GuardConfig(true).encode());
      guardKnown();
    } catch (RuntimeException e) {
      try {
        allow();
      } catch (RuntimeException also) {
        e.addSuppressed(also);
      }
      throw e;
    }
  }

  /** All is allowed with the first step; the rest tidies, as far as that goes. */
  private void allow() {
    guard.put(NativeOrder.u32(0), new GuardConfig(false).encode());
    deny = false;
    for (long parent : attachments.pinnedParents()) {
      try {
        attachments.detachParent(parent);
      } catch (IOException | BpfException e) {
        log.log(Level.WARNING, "the guard of a parent stays, and lets all pass", e);
      }
    }
    for (byte[] key : guarded.keys()) {
      boolean _ = guarded.delete(key);
    }
    seen.clear();
    known.clear();
    unguardable = Optional.empty();
  }

  /** Whether who is not known is refused. */
  public boolean denies() {
    return deny;
  }

  /** The operator lets this container run unguarded: as {@link #know}, for nobody's number. */
  public long exempt(Path cgroup) {
    return know(cgroup, 0);
  }

  /** As the other: of one that may be gone by now. */
  public void forget(Path cgroup) {
    try {
      forget(Cgroups.id(cgroup));
    } catch (BpfException e) {
      if (Files.exists(cgroup)) {
        throw e;
      }
    }
  }

  /** The container's cgroup is gone, or is no longer to pass. */
  public void forget(long id) {
    boolean _ = guarded.delete(u64(id));
  }

  /**
   * Forgets the cgroups that are gone: containers that stopped while no agent ran. Leaves all as it
   * is while there is a guarded parent that this agent has yet to see a container in.
   */
  public void tidy() {
    Set<Long> parents = new HashSet<>();
    Set<Long> present = new HashSet<>();
    try {
      for (Path parent : seen) {
        parents.add(Cgroups.id(parent));
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent, Files::isDirectory)) {
          entries.forEach(entry -> present.add(Cgroups.id(entry)));
        }
      }
    } catch (IOException | DirectoryIteratorException | BpfException e) {
      // Something stopped meanwhile: the next list is looked at again.
      return;
    }
    if (seen.isEmpty() || !parents.containsAll(attachments.pinnedParents())) {
      return;
    }
    for (byte[] key : guarded.keys()) {
      long id = ByteBuffer.wrap(key).order(ByteOrder.nativeOrder()).getLong();
      if (!present.contains(id)) {
        forget(id);
      }
    }
  }

  /** Why {@code unhooked: deny} does not hold for some containers, if it does not. */
  public Optional<String> unguardable() {
    return unguardable;
  }

  private void guardParentOf(Path cgroup) {
    Path parent = cgroup.getParent();
    if (parent == null) {
      return;
    }
    seen.add(parent);
    if (attachments.pinnedParents().contains(Cgroups.id(parent))) {
      return;
    }
    Optional<String> strangers = strangersIn(parent);
    if (strangers.isPresent()) {
      unguardable = strangers;
      return;
    }
    attachments.attachParent(parent);
    unguardable = Optional.empty();
  }

  /** What else lives below a parent of containers, in one sentence; empty if nothing does. */
  static Optional<String> strangersIn(Path parent) {
    if (parent.equals(Cgroups.cgroup2Mount()) || !parent.startsWith(Cgroups.cgroup2Mount())) {
      return Optional.of("containers lie directly in the root of the cgroup2 tree");
    }
    return strangers(parent);
  }

  static Optional<String> strangers(Path parent) {
    List<String> others = new ArrayList<>();
    try {
      if (!Files.readString(parent.resolve("cgroup.procs")).isBlank()) {
        return Optional.of(parent + " has processes of its own beside the containers");
      }
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent, Files::isDirectory)) {
        for (Path entry : entries) {
          String name = String.valueOf(entry.getFileName());
          if (!CONTAINER.matcher(name).matches() && populated(entry)) {
            others.add(name);
          }
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      return Optional.of(parent + " cannot be looked through: " + e.getMessage());
    }
    return others.isEmpty()
        ? Optional.empty()
        : Optional.of(parent + " holds others than containers, such as " + others.getFirst());
  }

  private static boolean populated(Path cgroup) throws IOException {
    return Files.readAllLines(cgroup.resolve("cgroup.events")).contains("populated 1");
  }

  private static byte[] u64(long value) {
    return ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder()).putLong(value).array();
  }
}
