package dev.drawbridge.daemon.view;

import dev.drawbridge.api.Caller;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.bpf.linux.OpenSocket;
import dev.drawbridge.bpf.linux.Sockets;
import dev.drawbridge.daemon.host.OwnCgroup;
import dev.drawbridge.daemon.node.NodeState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Whom the API and the hook's socket answer: nobody in a guarded container, whatever user it is
 * there, by a socket that was mounted into it or by the host's loopback in the host's network,
 * however the container came to be there. Who cannot be told is not answered either.
 */
public final class ApiCallers {

  private static final System.Logger log = System.getLogger(ApiCallers.class.getName());

  private final Supplier<NodeState> state;

  public ApiCallers(Supplier<NodeState> state) {
    this.state = state;
  }

  boolean admits(Caller caller) {
    try {
      return switch (caller) {
        case Caller.Local(int pid) -> admits(pid);
        case Caller.Remote(InetSocketAddress address) -> admits(address);
      };
    } catch (BpfException | IOException | UncheckedIOException e) {
      log.log(Level.DEBUG, "API caller " + caller, e);
      return false;
    }
  }

  /** As {@link #admits(Caller)}, by the process alone. */
  public boolean admitsProcess(int pid) {
    return admits(new Caller.Local(pid));
  }

  /** By the cgroup of the process, which none of a container can leave. */
  private boolean admits(int pid) {
    return pid > 0 && !guarded(Cgroups.ofPid(pid));
  }

  private boolean guarded(Path cgroup) {
    Set<String> ids = OwnCgroup.ids(cgroup);
    for (NodeState.Container container : state.get().containers().values()) {
      if (ids.contains(container.observed().id()) && container.attached().isPresent()) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether its processes are in the host's network, whatever its network mode is called: it may
   * share that of another container that is.
   */
  private static boolean inHostNetwork(int pid) throws IOException {
    Path own = Path.of("/proc/self/ns/net");
    Path its = Path.of("/proc", Integer.toString(pid), "ns", "net");
    return Files.readSymbolicLink(its).equals(Files.readSymbolicLink(own));
  }

  /** Only who shares the host's network reaches its loopback. */
  private boolean admits(InetSocketAddress address) throws IOException {
    List<NodeState.Container> sharing = new ArrayList<>();
    for (NodeState.Container container : state.get().containers().values()) {
      int pid = container.observed().pid();
      try {
        if (container.attached().isPresent() && pid > 0 && inHostNetwork(pid)) {
          sharing.add(container);
        }
      } catch (NoSuchFileException e) {
        log.log(Level.DEBUG, "container " + container.observed().name() + " has ended", e);
      }
    }
    if (sharing.isEmpty()) {
      return true;
    }
    Set<Long> theirs = new HashSet<>();
    for (NodeState.Container container : sharing) {
      try (Stream<Path> below = Files.walk(Cgroups.ofPid(container.observed().pid()))) {
        below.filter(Files::isDirectory).forEach(cgroup -> theirs.add(Cgroups.id(cgroup)));
      }
    }
    Optional<OpenSocket> socket =
        Sockets.open().stream()
            .filter(open -> open.protocol() == OpenSocket.Protocol.TCP)
            .filter(open -> open.local().equals(address))
            .findFirst();
    return socket.isPresent() && !theirs.contains(socket.get().cgroup());
  }
}
