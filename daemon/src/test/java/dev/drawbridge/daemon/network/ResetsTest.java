package dev.drawbridge.daemon.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.abi.Event;
import dev.drawbridge.bpf.abi.KernelDirection;
import dev.drawbridge.bpf.abi.KernelHook;
import dev.drawbridge.bpf.abi.KernelVerdict;
import dev.drawbridge.bpf.abi.SourceLine;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.bpf.linux.OpenSocket;
import dev.drawbridge.daemon.host.HostAddresses;
import dev.drawbridge.policy.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** On connections of this very process; needs root. */
@Tag("kernel")
class ResetsTest {

  private static final Path OWN = Path.of("/proc/self/ns/net");
  private static final int CALLER = 300;
  private static final int CALLEE = 301;

  /** A connection with an address that is not loopback, both ends in this process. */
  private record Pair(ServerSocket listener, Socket client, Socket server)
      implements AutoCloseable {
    static Pair open() throws IOException {
      InetAddress own =
          HostAddresses.read().stream()
              .findFirst()
              .orElseThrow(() -> new IOException("no network"));
      ServerSocket listener = new ServerSocket(0, 1, own);
      Socket client = new Socket(own, listener.getLocalPort());
      Socket server = listener.accept();
      client.setSoTimeout(10_000);
      server.setSoTimeout(10_000);
      return new Pair(listener, client, server);
    }

    Event event(Reason reason) {
      return new Event(
          System.nanoTime(),
          CALLER,
          CALLEE,
          0,
          1,
          reason.code(),
          KernelVerdict.DENY,
          KernelDirection.EGRESS,
          6,
          KernelHook.SKB_EGRESS,
          Event.Side.CALLER,
          client.getLocalAddress(),
          client.getLocalPort(),
          client.getInetAddress(),
          client.getPort(),
          SourceLine.NONE);
    }

    @Override
    public void close() throws IOException {
      client.close();
      server.close();
      listener.close();
    }
  }

  @Test
  void aRevokedConnectionFailsAtOnceAtBothEndsAndNoOther() throws Exception {
    try (Pair revoked = Pair.open();
        Pair other = Pair.open();
        Resets resets = new Resets(_ -> Optional.of(OWN))) {
      resets.start();

      resets.noticed(revoked.event(Reason.LATE_DENY));

      assertThrows(IOException.class, () -> readOrEnd(revoked.client()));
      assertThrows(IOException.class, () -> readOrEnd(revoked.server()));
      other.client().getOutputStream().write(7);
      assertEquals(7, other.server().getInputStream().read());
    }
  }

  @Test
  void whatCannotBeFoundKeepsNobodyElseWaiting() throws Exception {
    // Once for each of the two endpoints, and not again.
    CountDownLatch failures = new CountDownLatch(2);
    try (Pair pair = Pair.open();
        Resets resets =
            new Resets(_ -> {
              if (failures.getCount() > 0) {
                failures.countDown();
                throw new IllegalStateException("made up");
              }
              return Optional.of(OWN);
            })) {
      resets.start();

      resets.noticed(pair.event(Reason.LATE_DENY));
      assertTrue(failures.await(10, TimeUnit.SECONDS));
      resets.noticed(pair.event(Reason.LATE_DENY));

      assertThrows(IOException.class, () -> readOrEnd(pair.client()));
    }
  }

  @Test
  void aPlainDenialResetsNothing() throws Exception {
    try (Pair pair = Pair.open();
        Pair marker = Pair.open();
        Resets resets = new Resets(_ -> Optional.of(OWN))) {
      resets.start();

      resets.noticed(pair.event(Reason.NO_RULE));
      resets.noticed(marker.event(Reason.UNJUDGED_SOCKET));

      assertThrows(IOException.class, () -> readOrEnd(marker.client()));
      pair.client().getOutputStream().write(7);
      assertEquals(7, pair.server().getInputStream().read());
    }
  }

  @Test
  void whatWasThereBeforeIsFoundByItsCgroupAndReset() throws Exception {
    Path own = Cgroups.ofPid((int) ProcessHandle.current().pid());
    Path other = Cgroups.cgroup2Mount().resolve("drawbridge-resets-" + System.nanoTime());
    Cgroups.create(other);
    try (Pair pair = Pair.open();
        NetworkNamespace namespace = NetworkNamespace.ofPath(OWN)) {
      List<OpenSocket> older =
          OlderConnections.of(namespace, own).stream()
              .filter(socket ->
                  socket.local().getPort() == pair.listener().getLocalPort()
                      || socket.remote().getPort() == pair.listener().getLocalPort())
              .toList();
      assertEquals(2, older.size(), older.toString());
      assertEquals(List.of(), OlderConnections.of(namespace, other));

      // The second end may be gone by the reset of the first.
      assertTrue(OlderConnections.reset(namespace, older) >= 1);

      assertThrows(IOException.class, () -> readOrEnd(pair.client()));
      assertEquals(
          new InetSocketAddress(pair.listener().getInetAddress(), pair.listener().getLocalPort()),
          pair.listener().getLocalSocketAddress());
    } finally {
      Cgroups.remove(other);
    }
  }

  private static void readOrEnd(Socket socket) throws IOException {
    if (socket.getInputStream().read() < 0) {
      throw new IOException("closed");
    }
  }
}
