package dev.drawbridge.daemon.attach;

import dev.drawbridge.bpf.BpfObject;
import dev.drawbridge.bpf.Link;
import dev.drawbridge.bpf.Pins;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.bpf.linux.OpenCgroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The pinned links by which programs hang on cgroups and namespaces. A link that is pinned goes on
 * when the agent is gone; a new agent swaps the program under it and never detaches.
 */
public final class Attachments {

  /** Refuses nothing, and with it the cgroup has the place where its endpoint is written. */
  private static final List<String> FIRST = List.of("sock_ops");

  /** Judges what arrives by what the senders' programs have recorded. */
  private static final List<String> LAST = List.of("skb_ingress");

  /**
   * The others, for a container whose processes run meanwhile: what answers comes back by is there
   * before what sends them elsewhere, and what records a packet before what redirects it.
   */
  private static final List<String> BETWEEN =
      List.of(
          "recvmsg4",
          "recvmsg6",
          "getpeername4",
          "getpeername6",
          "getsockname4",
          "getsockname6",
          "skb_egress",
          "connect4",
          "connect6",
          "sendmsg4",
          "sendmsg6");

  /** What is attached to each guarded container's cgroup, by name in the object. */
  static final List<String> CONTAINER_PROGRAMS =
      Stream.of(FIRST, BETWEEN, LAST).flatMap(List::stream).toList();

  /** What is attached to a parent of containers' cgroups. */
  static final List<String> PARENT_PROGRAMS =
      List.of("guard_connect4", "guard_connect6", "guard_egress", "guard_ingress");

  private static final String AGENT_EGRESS = "agent_egress";
  private static final String AGENT_ACCEPT = "agent_accept";
  private static final String NETNS_PROGRAM = "sk_lookup";

  private final BpfObject object;
  private final Pins pins;
  private volatile boolean holdingBack;

  public Attachments(BpfObject object, Pins pins) {
    this.object = object;
    this.pins = pins;
  }

  /**
   * While true, programs that hang where they should are left as they are, because the maps of this
   * version are not filled yet.
   */
  public void holdBack(boolean now) {
    holdingBack = now;
  }

  /** Attaches every program to a container's cgroup, or swaps those that hang there already. */
  public void attach(String id, Path cgroup) {
    attachAll(CONTAINER_PROGRAMS, pins.links(id), cgroup);
  }

  /** Attaches what refuses nothing; from then on the cgroup's endpoint can be named. */
  public void attachFirst(String id, Path cgroup) {
    attachAll(FIRST, pins.links(id), cgroup);
  }

  /** Attaches what judges and records what the container sends. */
  public void attachSending(String id, Path cgroup) {
    attachAll(BETWEEN, pins.links(id), cgroup);
  }

  /** Attaches what judges what arrives; then nothing is missing. */
  public void attachReceiving(String id, Path cgroup) {
    attachAll(LAST, pins.links(id), cgroup);
  }

  private void attachAll(List<String> programs, Path directory, Path cgroup) {
    boolean before = Files.exists(directory);
    long target = before ? Cgroups.id(cgroup) : 0;
    try (OpenCgroup open = OpenCgroup.at(cgroup)) {
      for (String program : programs) {
        Path pin = directory.resolve(program);
        if (!before || !swap(program, pin, target)) {
          attach(program, pin, open);
        }
      }
    }
  }

  /**
   * Attaches the agent's own programs: one vouches for the engine's sockets, one says who calls.
   */
  public void attachAgent(Path cgroup) {
    attachAgent(AGENT_EGRESS, pins.agent(), cgroup);
    attachAgent(AGENT_ACCEPT, pins.agentAccept(), cgroup);
  }

  private void attachAgent(String program, Path pin, Path cgroup) {
    if (!swap(program, pin, Cgroups.id(cgroup))) {
      try (OpenCgroup open = OpenCgroup.at(cgroup)) {
        attach(program, pin, open);
      }
    }
  }

  /** Hangs the guard on a cgroup that holds containers' cgroups. */
  void attachParent(Path cgroup) {
    attachAll(PARENT_PROGRAMS, pins.parent(Cgroups.id(cgroup)), cgroup);
  }

  /** Swaps the guard of a cgroup for this object's; lets go of one whose cgroup is gone. */
  void refreshParent(long id) throws IOException {
    Path directory = pins.parent(id);
    for (String program : PARENT_PROGRAMS) {
      if (!swap(program, directory.resolve(program), id)) {
        detachParent(id);
        return;
      }
    }
  }

  /** Lets go of a cgroup's guard. */
  void detachParent(long id) throws IOException {
    Path directory = pins.parent(id);
    for (String program : PARENT_PROGRAMS) {
      Link.unpin(directory.resolve(program));
    }
    Files.deleteIfExists(directory);
  }

  /** Cgroups whose guard is pinned, by id. */
  Set<Long> pinnedParents() {
    return pins.parentIds();
  }

  private void attach(String program, Path pin, OpenCgroup cgroup) {
    try (Link link = object.program(program).attachCgroup(cgroup)) {
      link.pin(pin);
    }
  }

  /** Takes arriving connections of a namespace to the engine where a rule says so. */
  public void attachNamespace(int number, NetworkNamespace namespace) {
    Path pin = pins.namespace(number);
    if (!swap(NETNS_PROGRAM, pin, namespace.inode())) {
      try (Link link = object.program(NETNS_PROGRAM).attachNetns(namespace.fd())) {
        link.pin(pin);
      }
    }
  }

  /**
   * Swaps the program of a pinned link that hangs on this target. A pin whose target is gone, or is
   * another one, is removed.
   */
  private boolean swap(String program, Path pin, long target) {
    if (!Files.exists(pin)) {
      return false;
    }
    try (Link link = Link.openPinned(pin)) {
      if (link.target() == target) {
        if (!holdingBack) {
          link.update(object.program(program));
        }
        return true;
      }
    }
    Link.unpin(pin);
    return false;
  }

  /** The cgroup id that a container's pinned programs hang on, 0 when it is gone. */
  public long target(String id) {
    try (Link link = Link.openPinned(pins.link(id, FIRST.getFirst()))) {
      return link.target();
    }
  }

  /** Lets go of a container whose cgroup is gone, or that is no longer to be guarded. */
  public void detach(String id) {
    pins.removeLinks(id);
  }

  /** Lets go of a namespace that no guarded container lives in any more. */
  public void detachNamespace(int number) {
    Link.unpin(pins.namespace(number));
  }

  /** Containers that have pins, by id. */
  public Set<String> pinned() {
    return pins.containers();
  }

  /** Whether a container has pins; asked for each that starts, whatever their number. */
  public boolean pinned(String id) {
    return pins.hasLinks(id);
  }

  /** Namespaces that have pins, by number. */
  public Set<Integer> pinnedNamespaces() {
    return pins.namespaceNumbers();
  }
}
