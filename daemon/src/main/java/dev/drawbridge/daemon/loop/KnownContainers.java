package dev.drawbridge.daemon.loop;

import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.control.GuardedContainer;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.attach.Attachments;
import dev.drawbridge.daemon.container.EndpointNumbers;
import dev.drawbridge.daemon.kernel.Datapath;
import dev.drawbridge.daemon.node.Guard;
import dev.drawbridge.hook.DockerContainerFiles;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.language.ContainerPolicy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Every container that the agent knows and does not exempt, by its id. Owned by the control loop's
 * thread.
 */
final class KnownContainers {

  /** What all containers' labels may take that the agent holds, in UTF-16 units. */
  static final int MAX_LABELS_HELD = 8 << 20;

  /** Labels of this size start whatever the others hold. */
  private static final int FREE_LABELS = 4 << 10;

  private final Datapath datapath;
  private final Attachments attachments;
  private final EndpointNumbers numbers;
  private final Map<String, Guard> byId = new LinkedHashMap<>();

  KnownContainers(Datapath datapath, Attachments attachments, EndpointNumbers numbers) {
    this.datapath = datapath;
    this.attachments = attachments;
    this.numbers = numbers;
  }

  Collection<Guard> all() {
    return byId.values();
  }

  /** Those of this moment: whoever goes through them may change the others. */
  List<String> ids() {
    return List.copyOf(byId.keySet());
  }

  @Nullable Guard of(String id) {
    return byId.get(id);
  }

  /** What control compiles from. */
  List<GuardedContainer> guarded() {
    List<GuardedContainer> guarded = new ArrayList<>();
    byId.values().forEach(guard -> guard.guarded().ifPresent(guarded::add));
    return guarded;
  }

  /** Whether the labels of all would be too long with those of one more. */
  boolean heldBeyond(ObservedContainer fresh) {
    long held = DockerContainerFiles.size(fresh.labels());
    for (Guard guard : byId.values()) {
      held += guard.labelBytes();
    }
    return held > MAX_LABELS_HELD && DockerContainerFiles.size(fresh.labels()) > FREE_LABELS;
  }

  /**
   * Takes note of what a container is by now.
   *
   * @throws IOException when it is new and no number can be kept for it
   */
  Guard observe(ObservedContainer container, Parsed<ContainerPolicy> declared) throws IOException {
    Guard known = byId.get(container.id());
    if (known != null) {
      known.observe(container, declared);
      return known;
    }
    Guard fresh = new Guard(numberFor(container), container, declared);
    byId.put(container.id(), fresh);
    return fresh;
  }

  /**
   * A container that was guarded by an agent before this one keeps its number: its sockets and flow
   * records carry it.
   */
  private int numberFor(ObservedContainer container) throws IOException {
    if (container.running() && container.pid() > 0 && attachments.pinned(container.id())) {
      Optional<Integer> before = datapath.endpointOf(Cgroups.ofPid(container.pid()));
      if (before.isPresent()) {
        return before.get();
      }
    }
    return numbers.take();
  }

  /** What hangs on it must have been let go of before. */
  void remove(String id) {
    byId.remove(id);
  }
}
