package dev.drawbridge.daemon.network;

import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.bpf.linux.OpenSocket;
import dev.drawbridge.bpf.linux.Sockets;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The TCP connections of a container that were there before its programs were. No program judged
 * them at their start, so the rules would cut each at its next packet: they are found while the
 * programs still deny everything, and reset once its rules are in force.
 */
public final class OlderConnections {

  private OlderConnections() {}

  /**
   * Those of a container that is attached but not yet named: what is connected now is older than
   * the attachment, or was denied.
   *
   * @param cgroup the container's; the cgroups below it count too
   */
  public static List<OpenSocket> of(NetworkNamespace namespace, Path cgroup) throws IOException {
    Set<Long> cgroups = cgroupsBelow(cgroup);
    try {
      return namespace.call(Sockets::open).stream()
          .filter(socket -> socket.protocol() == OpenSocket.Protocol.TCP)
          .filter(socket -> socket.state() != OpenSocket.State.TIME_WAIT)
          .filter(socket -> socket.connected() && !socket.loopback())
          // A namespace may hold other containers' sockets.
          .filter(socket -> cgroups.contains(socket.cgroup()))
          .toList();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("sockets cannot be listed: " + e.getMessage(), e);
    }
  }

  /**
   * A container's connections with others that live in its network namespace, over loopback or
   * their addresses: no program at an interface sees them, and only their first packets are judged.
   *
   * @param cgroup the container's
   * @param others those of the others
   */
  public static List<OpenSocket> between(
      NetworkNamespace namespace, Path cgroup, Collection<Path> others) throws IOException {
    Set<Long> mine = cgroupsBelow(cgroup);
    Set<Long> theirs = new HashSet<>();
    for (Path other : others) {
      theirs.addAll(cgroupsBelow(other));
    }
    try {
      List<OpenSocket> all =
          namespace.call(Sockets::open).stream()
              .filter(socket -> socket.protocol() == OpenSocket.Protocol.TCP)
              .filter(OpenSocket::connected)
              .toList();
      Set<List<InetSocketAddress>> ends = new HashSet<>();
      for (OpenSocket socket : all) {
        if (theirs.contains(socket.cgroup())) {
          ends.add(List.of(socket.remote(), socket.local()));
        }
      }
      return all.stream()
          .filter(socket -> mine.contains(socket.cgroup()))
          .filter(socket -> ends.contains(List.of(socket.local(), socket.remote())))
          .toList();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("sockets cannot be listed: " + e.getMessage(), e);
    }
  }

  /** Whether somebody in the namespace listens by an interface. */
  static boolean listensByInterface(NetworkNamespace namespace) throws IOException {
    try {
      return namespace.call(() -> Sockets.listens(socket -> socket.boundInterface() > 1));
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("sockets cannot be listed: " + e.getMessage(), e);
    }
  }

  /** Resets them. Returns how many there still were. */
  public static int reset(NetworkNamespace namespace, List<OpenSocket> chosen) throws IOException {
    Set<Long> cookies = new HashSet<>();
    chosen.forEach(socket -> cookies.add(socket.cookie()));
    try {
      return namespace
          .call(() -> Sockets.destroy(socket -> cookies.contains(socket.cookie())))
          .size();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("connections cannot be reset: " + e.getMessage(), e);
    }
  }

  private static Set<Long> cgroupsBelow(Path cgroup) throws IOException {
    Set<Long> ids = new HashSet<>();
    try (Stream<Path> all = Files.walk(cgroup)) {
      all.filter(Files::isDirectory).forEach(each -> ids.add(Cgroups.id(each)));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return ids;
  }
}
