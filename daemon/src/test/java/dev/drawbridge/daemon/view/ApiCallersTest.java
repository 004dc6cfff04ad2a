package dev.drawbridge.daemon.view;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.Caller;
import dev.drawbridge.api.report.PeerReference;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.container.How;
import dev.drawbridge.daemon.node.NodeState;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.parse.LabelParser;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** With a process in a cgroup that is called like a container's; needs root. */
@Tag("kernel")
class ApiCallersTest {

  private static final String ID = "%064x".formatted(0xabcdefL);

  private final Path cgroup = Cgroups.cgroup2Mount().resolve("drawbridge-callers").resolve(ID);
  private final Process inside = sleeper();

  private static Process sleeper() {
    try {
      return new ProcessBuilder("sleep", "1000").start();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @BeforeEach
  void enter() {
    Cgroups.create(cgroup.resolve("nested"));
    Cgroups.enter(cgroup.resolve("nested"), (int) inside.pid());
  }

  @AfterEach
  void remove() throws Exception {
    inside.destroyForcibly().waitFor();
    boolean _ = Cgroups.remove(cgroup.resolve("nested"));
    boolean _ = Cgroups.remove(cgroup);
    boolean _ = Cgroups.remove(cgroup.resolveSibling(".").normalize());
  }

  private ApiCallers callers(String network) {
    ObservedContainer observed =
        new ObservedContainer(
            ID,
            "in",
            new TreeMap<>(),
            new TreeMap<>(),
            "",
            true,
            (int) inside.pid(),
            List.of(),
            "drawbridge",
            network);
    NodeState state =
        new NodeState(
            Policy.empty(),
            Map.of(
                300,
                new NodeState.Container(
                    300,
                    new PeerReference(300, "in", new TreeMap<>()),
                    observed,
                    Optional.of(EngineKind.DOCKER),
                    LabelParser.parse("in", new TreeMap<>()),
                    Optional.of(How.HOOK),
                    7,
                    false,
                    false,
                    false,
                    Set.of(),
                    Optional.empty(),
                    List.of())),
            Map.of(),
            new HostPolicy(List.of()),
            new NodeState.Known(List::of),
            true,
            Map.of());
    return new ApiCallers(() -> state);
  }

  @Test
  void aProcessInAGuardedContainerIsNotAnsweredNorOneThatIsNotSeen() {
    ApiCallers callers = callers("bridge");

    assertFalse(callers.admits(new Caller.Local((int) inside.pid())));
    assertFalse(callers.admits(new Caller.Local(0)));
    assertFalse(callers.admits(new Caller.Local(Integer.MAX_VALUE)));
    assertTrue(callers.admits(new Caller.Local((int) ProcessHandle.current().pid())));
  }

  @Test
  void onTheHostsLoopbackTheHostIsAnsweredAndAContainerInItsNetworkIsNot() throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket client = new Socket(InetAddress.getLoopbackAddress(), listener.getLocalPort())) {
      InetSocketAddress own = (InetSocketAddress) client.getLocalSocketAddress();
      assertTrue(callers("host").admits(new Caller.Remote(own)));
      // Nobody has this end: it cannot be told whose it was.
      InetSocketAddress gone = new InetSocketAddress(own.getAddress(), 1);
      assertFalse(callers("host").admits(new Caller.Remote(gone)));
      // It is not asked what the network is called: the process is in the host's.
      assertFalse(callers("container:" + "d".repeat(64)).admits(new Caller.Remote(gone)));
    }
    Process connected =
        new ProcessBuilder(
                "bash",
                "-c",
                "echo $$ >"
                    + cgroup.resolve("nested/cgroup.procs")
                    + "; read p; exec 3<>/dev/tcp/127.0.0.1/$p; echo up; read x")
            .start();
    try (ServerSocket listener =
            new ServerSocket(0, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
        var to = connected.outputWriter()) {
      to.write(listener.getLocalPort() + "\n");
      to.flush();
      try (Socket accepted = listener.accept()) {
        InetSocketAddress theirs = (InetSocketAddress) accepted.getRemoteSocketAddress();
        assertFalse(callers("host").admits(new Caller.Remote(theirs)));
        assertFalse(callers("container:" + "d".repeat(64)).admits(new Caller.Remote(theirs)));
      }
    } finally {
      connected.destroyForcibly().waitFor();
    }
  }
}
