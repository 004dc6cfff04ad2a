package dev.drawbridge.testkit;

import java.util.List;
import java.util.stream.Stream;

/**
 * A host's network of its own: one namespace in which the engine and the agent live (their host),
 * and a second one behind a cable that plays the remote world. Bridges, iptables rules, ports and
 * routes of a lab exist only in there, so two labs and the machine's own engine never meet, and
 * removing the namespaces removes everything.
 */
public final class LabNetwork implements AutoCloseable {
  /** The host's address as the world sees it (TEST-NET-2, RFC 5737). */
  public static final String HOST_ADDRESS = "198.51.100.1";

  /** Where the remote machine is. */
  public static final String WORLD_ADDRESS = "198.51.100.2";

  /** The engine's default bridge. */
  static final String BRIDGE = "lab0";

  private static final String BRIDGE_ADDRESS = "10.213.7.1/24";

  private final String host;
  private final String world;

  private LabNetwork(String host, String world) {
    this.host = host;
    this.world = world;
  }

  static LabNetwork create(String id) {
    LabNetwork network = new LabNetwork(id + "-host", id + "-world");
    try {
      network.build();
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
    return network;
  }

  private void build() {
    Shell.must("ip", "netns", "add", host);
    Shell.must("ip", "netns", "add", world);
    Shell.must("ip", "-n", host, "link", "set", "lo", "up");
    Shell.must("ip", "-n", world, "link", "set", "lo", "up");
    Shell.must(
        "ip", "-n", host, "link", "add", "up0", "type", "veth", "peer", "name", "up0", "netns",
        world);
    Shell.must("ip", "-n", host, "addr", "add", HOST_ADDRESS + "/24", "dev", "up0");
    Shell.must("ip", "-n", world, "addr", "add", WORLD_ADDRESS + "/24", "dev", "up0");
    Shell.must("ip", "-n", host, "link", "set", "up0", "up");
    Shell.must("ip", "-n", world, "link", "set", "up0", "up");
    Shell.must("ip", "-n", world, "route", "add", "default", "via", HOST_ADDRESS);
    Shell.must("ip", "-n", host, "link", "add", BRIDGE, "type", "bridge");
    Shell.must("ip", "-n", host, "addr", "add", BRIDGE_ADDRESS, "dev", BRIDGE);
    Shell.must("ip", "-n", host, "link", "set", BRIDGE, "up");
    Shell.must(
        "nsenter",
        "--net=/run/netns/" + host,
        "sh",
        "-c",
        "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
  }

  /**
   * A command as a process of this host would run it. Only the network differs: files and mounts
   * are the machine's.
   */
  public List<String> onHost(String... command) {
    return Stream.concat(Stream.of("nsenter", "--net=/run/netns/" + host), Stream.of(command))
        .toList();
  }

  /** A command as a remote machine would run it. */
  public List<String> inWorld(String... command) {
    return Stream.concat(Stream.of("nsenter", "--net=/run/netns/" + world), Stream.of(command))
        .toList();
  }

  @Override
  public void close() {
    Shell.run("ip", "netns", "del", world);
    Shell.run("ip", "netns", "del", host);
  }
}
