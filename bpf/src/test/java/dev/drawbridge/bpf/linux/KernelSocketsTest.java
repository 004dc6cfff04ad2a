package dev.drawbridge.bpf.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.KernelLab;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class KernelSocketsTest {
  private final KernelLab lab = new KernelLab();

  @AfterEach
  void leavesNothingBehind() {
    lab.close();
  }

  private NetworkNamespace namespace() {
    return NetworkNamespace.ofPid(Math.toIntExact(lab.startInNamespace().pid()));
  }

  private static InetSocketAddress local(String address) throws IOException {
    return new InetSocketAddress(InetAddress.getByName(address), 0);
  }

  private static List<OpenSocket> withLocal(InetSocketAddress address) {
    return Sockets.open().stream().filter(socket -> socket.local().equals(address)).toList();
  }

  private static OpenSocket only(InetSocketAddress address, boolean connected) {
    List<OpenSocket> found =
        withLocal(address).stream().filter(socket -> socket.connected() == connected).toList();
    assertEquals(1, found.size(), () -> address + ": " + Sockets.open());
    return found.getFirst();
  }

  private void aConnectionIsFoundAndReset(String address) throws Exception {
    try (NetworkNamespace namespace = namespace()) {
      namespace.call(() -> {
        try (ServerSocketChannel server = ServerSocketChannel.open().bind(local(address));
            SocketChannel client = SocketChannel.open(server.getLocalAddress());
            SocketChannel accepted = server.accept();
            SocketChannel other = SocketChannel.open(server.getLocalAddress());
            SocketChannel otherAccepted = server.accept()) {
          InetSocketAddress end = (InetSocketAddress) client.getLocalAddress();
          OpenSocket found = only(end, true);
          assertEquals(OpenSocket.Protocol.TCP, found.protocol());
          assertEquals(OpenSocket.State.ESTABLISHED, found.state());
          assertEquals(server.getLocalAddress(), found.remote());
          assertTrue(found.loopback());
          assertNotEquals(0, found.cgroup());
          OpenSocket listening = only((InetSocketAddress) server.getLocalAddress(), false);
          assertEquals(OpenSocket.State.LISTEN, listening.state());

          List<OpenSocket> destroyed =
              Sockets.destroy(socket -> socket.connected() && socket.local().equals(end));
          assertEquals(List.of(found), destroyed);
          assertThrows(IOException.class, () -> client.read(ByteBuffer.allocate(1)));
          assertThrows(IOException.class, () -> accepted.read(ByteBuffer.allocate(1)));
          assertFalse(Sockets.destroy(found), "it is gone");

          assertEquals(1, other.write(ByteBuffer.wrap(new byte[] {7})));
          assertEquals(1, otherAccepted.read(ByteBuffer.allocate(1)), "the other one goes on");
        }
        return null;
      });
    }
  }

  @Test
  void aTcpConnectionIsFoundAndResetAtBothEndsAndNoOtherIs() throws Exception {
    aConnectionIsFoundAndReset("127.0.0.1");
  }

  @Test
  void soIsOneOverIpv6() throws Exception {
    aConnectionIsFoundAndReset("::1");
  }

  @Test
  void theCookieIsTheSocketsOwnSoThatASuccessorIsNotDestroyedInItsPlace() throws Exception {
    try (NetworkNamespace namespace = namespace()) {
      namespace.call(() -> {
        try (ServerSocketChannel server = ServerSocketChannel.open().bind(local("127.0.0.1"));
            SocketChannel client = SocketChannel.open(server.getLocalAddress());
            SocketChannel accepted = server.accept()) {
          OpenSocket found = only((InetSocketAddress) client.getLocalAddress(), true);
          OpenSocket predecessor =
              new OpenSocket(
                  found.protocol(),
                  found.state(),
                  found.local(),
                  found.remote(),
                  found.ipv6(),
                  found.boundInterface(),
                  found.cookie() - 1,
                  found.cgroup());
          assertFalse(Sockets.destroy(predecessor));
          assertEquals(1, client.write(ByteBuffer.wrap(new byte[] {7})));
          assertEquals(1, accepted.read(ByteBuffer.allocate(1)));
          assertTrue(Sockets.destroy(found));
        }
        return null;
      });
    }
  }

  @Test
  void aConnectedUdpSocketIsFoundAndEnded() throws Exception {
    try (NetworkNamespace namespace = namespace()) {
      namespace.call(() -> {
        try (DatagramChannel receiver = DatagramChannel.open().bind(local("127.0.0.1"));
            DatagramChannel sender = DatagramChannel.open().connect(receiver.getLocalAddress())) {
          OpenSocket found = only((InetSocketAddress) sender.getLocalAddress(), true);
          assertEquals(OpenSocket.Protocol.UDP, found.protocol());
          assertEquals(OpenSocket.State.ESTABLISHED, found.state());
          assertTrue(Sockets.destroy(found));
          assertTrue(
              withLocal(found.local()).stream().noneMatch(OpenSocket::connected),
              "it has no other end any more");
        }
        return null;
      });
    }
  }

  @Test
  void onlyTheSocketsOfTheNamespaceAreSeen() throws Exception {
    try (ServerSocketChannel outside = ServerSocketChannel.open().bind(local("127.0.0.1"));
        NetworkNamespace namespace = namespace()) {
      assertEquals(List.of(), namespace.call(Sockets::open));
      assertTrue(
          Sockets.open().stream().anyMatch(socket -> socket.local().getPort() == port(outside)));
    }
  }

  private static int port(ServerSocketChannel channel) {
    return channel.socket().getLocalPort();
  }
}
