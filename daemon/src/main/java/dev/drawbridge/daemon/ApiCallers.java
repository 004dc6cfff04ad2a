package dev.drawbridge.daemon;

import dev.drawbridge.api.Caller;
import dev.drawbridge.bpf.BpfException;
import dev.drawbridge.bpf.Cgroups;
import dev.drawbridge.bpf.OpenSocket;
import dev.drawbridge.bpf.Sockets;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

/**
 * Whom the API answers: nobody in a guarded container, whatever user it is there, by a socket that
 * was mounted into it or by the host's loopback in the host's network. Who cannot be told is not
 * answered either.
 */
final class ApiCallers {

  private static final Logger log = Logger.getLogger(ApiCallers.class.getName());

  private final Supplier<NodeState> state;

  ApiCallers(Supplier<NodeState> state) {
    this.state = state;
  }

  boolean admits(Caller caller) {
    try {
      return switch (caller) {
        case Caller.Local(int pid) -> pid > 0 && !guarded(Cgroups.ofPid(pid));
        case Caller.Remote(InetSocketAddress address) -> admits(address);
      };
    } catch (BpfException | IOException | UncheckedIOException e) {
      log.log(Level.FINE, "API caller " + caller, e);
      return false;
    }
  }

  private boolean guarded(Path cgroup) {
    String path = cgroup.toString();
    return state.get().containers().values().stream()
        .filter(container -> container.attached().isPresent())
        .anyMatch(container -> path.contains(container.observed().id()));
  }

  /** Only who shares the host's network reaches its loopback. */
  private boolean admits(InetSocketAddress address) throws IOException {
    List<NodeState.Container> sharing =
        state.get().containers().values().stream()
            .filter(container -> container.attached().isPresent())
            .filter(container -> container.observed().networkMode().equals("host"))
            .filter(container -> container.observed().pid() > 0)
            .toList();
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
