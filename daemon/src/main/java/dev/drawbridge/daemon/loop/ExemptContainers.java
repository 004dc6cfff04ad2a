package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.container.Exemptions;
import dev.drawbridge.daemon.host.OwnCgroup;
import dev.drawbridge.daemon.node.NodeState;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The containers that run unguarded by the operator's wish, for whoever asks which those are, and
 * for the kernel's table of addresses: to others each is neither host nor world. Owned by the
 * control loop's thread.
 */
final class ExemptContainers {

  private static final System.Logger log = System.getLogger(ExemptContainers.class.getName());

  private final Exemptions exemptions;
  private final Map<String, NodeState.Exempt> running = new LinkedHashMap<>();

  /** Who has told of them; one that no engine has told of yet is in no list. */
  private final Map<String, EngineKind> tellers = new HashMap<>();

  ExemptContainers(Exemptions exemptions) {
    this.exemptions = exemptions;
  }

  List<NodeState.Exempt> all() {
    return List.copyOf(running.values());
  }

  /** Where those are. In the host's network they are the host. */
  Set<InetAddress> addresses() {
    Set<InetAddress> addresses = new HashSet<>();
    running.values().forEach(one -> addresses.addAll(one.observed().addresses()));
    return addresses;
  }

  /** The cgroups of those that run. */
  List<Path> cgroups() {
    List<Path> cgroups = new ArrayList<>();
    running.values().forEach(one -> cgroup(one).ifPresent(cgroups::add));
    return cgroups;
  }

  /** The cgroup of one that runs. */
  static Optional<Path> cgroup(NodeState.Exempt one) {
    int pid = one.observed().pid();
    try {
      return pid > 0 && OwnCgroup.objection(one.observed().id(), pid).isEmpty()
          ? Optional.of(Cgroups.ofPid(pid))
          : Optional.empty();
    } catch (BpfException e) {
      log.log(Level.DEBUG, "container " + one.observed().name() + " has ended", e);
      return Optional.empty();
    }
  }

  /** What is known of one. */
  Optional<ObservedContainer> observed(String id) {
    return Optional.ofNullable(running.get(id)).map(NodeState.Exempt::observed);
  }

  /** Who has told of one. */
  Optional<EngineKind> teller(String id) {
    return Optional.ofNullable(tellers.get(id));
  }

  /**
   * The operator's list is another one now: whom the shim would let start by the one before, and
   * who is not known to be in this one, no longer may.
   *
   * @param described what is known of a container by its id
   * @return those that run and are no longer in it
   */
  List<NodeState.Exempt> list(
      List<String> now, Function<String, Optional<ObservedContainer>> described)
      throws IOException {
    List<String> before = exemptions.listed();
    exemptions.list(now);
    try {
      for (String id : exemptions.noted()) {
        if (described.apply(id).filter(this::isListed).isEmpty()) {
          exemptions.note(id, false);
        }
      }
    } catch (IOException | RuntimeException e) {
      // What was in force stays; whom the shim no longer lets start by then waits for the agent.
      exemptions.list(before);
      throw e;
    }
    running.replaceAll((_, one) -> by(one.observed()).orElse(one));
    return running.values().stream().filter(one -> !isListed(one.observed())).toList();
  }

  private Optional<NodeState.Exempt> by(ObservedContainer container) {
    return exemptions
        .by(container.name(), container.ownLabels())
        .map(entry -> new NodeState.Exempt(container, entry));
  }

  private boolean isListed(ObservedContainer container) {
    return exemptions.covers(container.name(), container.ownLabels());
  }

  /** It asked to start, and was let. */
  void starts(ObservedContainer container) {
    by(container)
        .ifPresent(one -> {
          running.put(container.id(), one);
          note(container.id(), true);
        });
  }

  /**
   * The engine tells of a container.
   *
   * @param guarded it has been under guard since before it was listed, and stays so
   * @return whether the operator exempts it
   * @throws IOException when what the shim looks for cannot be written
   */
  boolean reported(EngineKind engine, ObservedContainer container, boolean guarded)
      throws IOException {
    tellers.put(container.id(), engine);
    Optional<String> entry = exemptions.by(container.name(), container.ownLabels());
    // Of a guarded one the file would let whoever starts next by its id start unguarded: ids are
    // unique in a namespace only.
    exemptions.note(container.id(), entry.isPresent() && !guarded);
    if (entry.isEmpty() || guarded || !container.running()) {
      running.remove(container.id());
      tellers.remove(container.id());
    } else {
      running.put(container.id(), new NodeState.Exempt(container, entry.get()));
    }
    return entry.isPresent();
  }

  /** Of one engine only these exist. */
  void retain(EngineKind engine, Set<String> ids) {
    // One that nobody has told of yet may have started after this list was made.
    running.keySet().removeIf(id -> tellers.get(id) == engine && !ids.contains(id));
    tellers.keySet().retainAll(running.keySet());
  }

  /** It exists no more. */
  void gone(String id) {
    running.remove(id);
    tellers.remove(id);
    note(id, false);
  }

  private void note(String id, boolean exempt) {
    try {
      exemptions.note(id, exempt);
    } catch (IOException e) {
      log.log(Level.WARNING, "exemption of container " + id, e);
    }
  }
}
