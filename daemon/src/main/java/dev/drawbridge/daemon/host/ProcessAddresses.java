package dev.drawbridge.daemon.host;

import dev.drawbridge.daemon.config.FirstLines;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * The addresses of the network namespace that a process is in, read from {@code /proc/PID/net}
 * without entering it: {@code fib_trie} (net/ipv4/fib_trie.c) names each local IPv4 address with a
 * line {@code /32 host LOCAL} below its own, and {@code if_inet6} (net/ipv6/addrconf.c) has one
 * IPv6 address a line.
 */
public final class ProcessAddresses {

  private static final String LEAF = "|-- ";
  private static final String LOCAL = "/32 host LOCAL";
  private static final int HEX_DIGITS = 32;

  private static final System.Logger log = System.getLogger(ProcessAddresses.class.getName());

  /** Of the trie, with its routes: three or four lines for an address. */
  private static final int MOST_LINES_IPV4 = 8192;

  private static final int MOST_LINES_IPV6 = 1024;

  private ProcessAddresses() {}

  /**
   * As {@link HostAddresses#read}: without loopback and link-local ones. Of a namespace with more
   * routes and addresses than anybody makes who does not mean harm, only the first: the container
   * is nobody at the others.
   */
  public static Set<InetAddress> of(int pid) throws IOException {
    Path directory = Path.of("/proc", Integer.toString(pid), "net");
    FirstLines trie = FirstLines.of(directory.resolve("fib_trie"), MOST_LINES_IPV4);
    FirstLines addresses = FirstLines.ofAny(directory.resolve("if_inet6"), MOST_LINES_IPV6);
    if (trie.more() || addresses.more()) {
      log.log(
          Level.WARNING,
          "the network namespace of process "
              + pid
              + " has more routes and addresses than are read; nobody vouches for the others");
    }
    return found(trie.lines(), addresses.lines());
  }

  private static Set<InetAddress> found(List<String> fibTrie, List<String> ipv6)
      throws IOException {
    Set<InetAddress> found = ipv4(fibTrie);
    found.addAll(ipv6(ipv6));
    return found;
  }

  static Set<InetAddress> ipv4(List<String> fibTrie) throws IOException {
    Set<InetAddress> found = new HashSet<>();
    String leaf = "";
    for (String line : fibTrie) {
      String text = line.strip();
      if (text.startsWith(LEAF)) {
        leaf = text.substring(LEAF.length());
      } else if (text.equals(LOCAL)) {
        try {
          keep(InetAddress.ofLiteral(leaf), found);
        } catch (IllegalArgumentException e) {
          throw new IOException("fib_trie: not an address: " + leaf, e);
        }
      }
    }
    return found;
  }

  static Set<InetAddress> ipv6(List<String> lines) throws IOException {
    Set<InetAddress> found = new HashSet<>();
    for (String line : lines) {
      try {
        keep(InetAddress.getByAddress(HexFormat.of().parseHex(line, 0, HEX_DIGITS)), found);
      } catch (IllegalArgumentException | IndexOutOfBoundsException | UnknownHostException e) {
        throw new IOException("if_inet6: not an address: " + line, e);
      }
    }
    return found;
  }

  private static void keep(InetAddress address, Set<InetAddress> found) {
    if (!address.isLoopbackAddress()
        && !address.isLinkLocalAddress()
        && !address.isAnyLocalAddress()) {
      found.add(address);
    }
  }
}
