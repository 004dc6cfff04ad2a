package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.linux.Veths;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.container.AdmittedContainers;
import dev.drawbridge.daemon.network.Spaces;
import dev.drawbridge.daemon.network.Spaces.Space;
import dev.drawbridge.daemon.node.Guard;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Containers between their hook and their first process. Engines make interfaces before the hook
 * (Docker before 28, Podman, CNI) or after it (Docker from 28 on): they are guarded while the
 * runtime goes on with its work, and where none came since then, there is nothing left to do when
 * it asks for the last time. Used by the control loop's thread alone.
 */
final class Starting {
  /** Containers that are on their way at a time; of more, the first are looked at again. */
  private static final int MOST = 64;

  private final KnownContainers known;
  private final Spaces spaces;
  private final Interfaces interfaces;
  private final AdmittedContainers admitted;
  private final SequencedMap<String, Seen> ready = new LinkedHashMap<>();
  private final SequencedMap<String, String> failed = new LinkedHashMap<>();

  /** What may have changed since it was looked at. */
  private record Seen(List<InetAddress> addresses, Optional<Set<Veths.End>> interfaces) {}

  /**
   * Whether a first process may run.
   *
   * @param objection why not
   * @param news whether something was found that the kernel does not know yet
   */
  record Answer(Optional<String> objection, boolean news) {}

  Starting(
      KnownContainers known, Spaces spaces, Interfaces interfaces, AdmittedContainers admitted) {
    this.known = known;
    this.spaces = spaces;
    this.interfaces = interfaces;
    this.admitted = admitted;
  }

  /** Its hook was answered, and it will ask again: guards what is there by now. */
  void prepare(Guard guard) {
    var _ = failed.remove(guard.observed().id());
    Seen now = look(guard);
    settle(guard, now.addresses());
    put(ready, guard.observed().id(), now);
  }

  /** Its hook was answered, and then it could not be guarded after all. */
  void fail(String id, String sentence) {
    var _ = ready.remove(id);
    put(failed, id, sentence);
  }

  private static <T> void put(SequencedMap<String, T> map, String id, T value) {
    map.putLast(id, value);
    if (map.size() > MOST) {
      var _ = map.pollFirstEntry();
    }
  }

  /** Its first process is about to run: interfaces and addresses that came since are guarded. */
  Answer starts(String id) {
    Optional<String> failure = Optional.ofNullable(failed.remove(id));
    Optional<Seen> before = Optional.ofNullable(ready.remove(id));
    if (failure.isPresent()) {
      return new Answer(failure, false);
    }
    Guard guard = known.of(id);
    if (guard == null || !guard.alive()) {
      return new Answer(
          Optional.of(
              "container "
                  + id
                  + " was not announced by its hook, or the agent has started since; start it"
                  + " again"),
          false);
    }
    Seen now = look(guard);
    Space space = space(guard);
    boolean news =
        !before.equals(Optional.of(now)) || now.interfaces().isEmpty() || spaces.isHalfMade(space);
    if (news) {
      settle(guard, now.addresses());
    } else if (unsettled(guard) && !now.addresses().isEmpty()) {
      // It is noted by the thread that answered the hook, without them.
      admitted.at(id, now.addresses());
    }
    return new Answer(Optional.empty(), news);
  }

  private static Space space(Guard guard) {
    return guard.attachment().orElseThrow().space();
  }

  private Seen look(Guard guard) {
    ObservedContainer container = guard.observed();
    return new Seen(
        OwnNetwork.addresses(container.pid(), container.networkMode()),
        spaces.interfaces(space(guard)));
  }

  /** A listener may have seen the interfaces half made; Docker keeps a book of them. */
  private boolean unsettled(Guard guard) {
    ObservedContainer container = guard.observed();
    return (container.addresses().isEmpty() || admitted.of(container.id()).isPresent())
        && !spaces.isShared(space(guard));
  }

  private void settle(Guard guard, List<InetAddress> now) {
    if (unsettled(guard) && !now.isEmpty()) {
      guard.observe(guard.observed().at(now), guard.declared());
      admitted.at(guard.observed().id(), now);
    }
    spaces.readRoutes(space(guard));
    boolean _ = interfaces.guardOf(guard, known.all(), false);
  }
}
