package dev.drawbridge.daemon.loop;

import dev.drawbridge.daemon.host.ProcessAddresses;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * Where a container is by the network namespace of its first process, once that runs. Any process
 * can make itself a user namespace and in it a network namespace (user_namespaces(7)), where it has
 * every capability and gives itself whatever address it likes. It cannot come back from either:
 * what it is in after the addresses were read, it was in before.
 */
final class OwnNetwork {

  private static final System.Logger log = System.getLogger(OwnNetwork.class.getName());

  private OwnNetwork() {}

  /**
   * The addresses that a process has, unless it may have made the namespace that has them.
   *
   * @param begun the namespace that it was in before it ran, by its inode, if that is known: it is
   *     to be in that one. Else it is to be in the agent's own user namespace.
   */
  static List<InetAddress> addresses(int pid, String networkMode, OptionalLong begun) {
    List<InetAddress> now = addresses(pid, networkMode);
    if (now.isEmpty()) {
      return now;
    }
    try {
      String process = Integer.toString(pid);
      boolean given =
          begun.isPresent()
              ? namespace(process, "net").equals("net:[" + begun.getAsLong() + "]")
              : namespace(process, "user").equals(namespace("self", "user"));
      return given ? now : List.of();
    } catch (IOException e) {
      log.log(Level.DEBUG, "the namespaces of process " + pid, e);
      return List.of();
    }
  }

  private static String namespace(String process, String kind) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc", process, "ns", kind)).toString();
  }

  /**
   * Addresses that the namespace has already. Docker before 28 has configured networking by now,
   * later ones have not: those come with the start event.
   */
  static List<InetAddress> addresses(int pid, String networkMode) {
    if (networkMode.equals("host") || networkMode.startsWith("container:")) {
      return List.of();
    }
    try {
      return List.copyOf(ProcessAddresses.of(pid));
    } catch (IOException e) {
      log.log(Level.DEBUG, "addresses of process " + pid, e);
      return List.of();
    }
  }

  /**
   * The network mode, knowing the process: whoever is in the agent's own network namespace is in
   * the host's, whatever way it was given to him.
   */
  static String mode(int pid, String networkMode) {
    try {
      Path own = Files.readSymbolicLink(Path.of("/proc/self/ns/net"));
      return Files.readSymbolicLink(Path.of("/proc", Integer.toString(pid), "ns", "net"))
              .equals(own)
          ? "host"
          : networkMode;
    } catch (IOException e) {
      log.log(Level.DEBUG, "the network namespace of process " + pid, e);
      return networkMode;
    }
  }
}
