package dev.drawbridge.it.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whatever the local tables of the host's network have, unicast, broadcast or anycast, is the host:
 * no container that may speak to the world alone reaches it there, and whoever may speak to the
 * host does; what one container's rule names of the link is its alone. The other way round, the
 * host is the host by a container's link-local address too.
 */
@Tag("it")
final class HostByEveryAddressTest {
  private static final String NO_RULE = "denied: no-rule";
  private static final String OK = "arrives";

  /** An address of the link needs the interface by which a container goes there. */
  private static final String LINK = "%eth0";

  /** One that a host takes for itself, and the kind that the kernel calls it. */
  private record Own(String kind, String address) {
    boolean isLink() {
      return address.startsWith("fe80:");
    }
  }

  @Test
  void theHostIsTheHostByEveryAddressInBothDirections() {
    Table table = new Table("the host by every address");
    try (Ground ground = Ground.open()) {
      Wire wire = new Wire(ground);
      ground.idle("client");
      wire.listens("client");
      wire.hostListens();
      List<Own> owns = owns(ground);
      table.row("kinds of addresses", "[anycast, broadcast, local]", kinds(owns));
      String bridge = bridgeLink(ground);
      List<Own> meant = new ArrayList<>(owns);
      for (String other :
          List.of("169.254.169.254", "255.255.255.255", "224.0.0.1", "ff02::1", "fe80::77")) {
        meant.add(new Own("of the link", other));
      }
      ground.idle(
          "namer",
          Ground.labels(
                  "drawbridge.policy.multicast=may connect any on 224.0.0.0/4",
                  "drawbridge.policy.link4=may connect any on 169.254.0.0/16",
                  "drawbridge.policy.link6=may connect any on fe80::/10")
              .toArray(String[]::new));
      ground.policy("containers may connect any on world for caller");
      table.row(
          "whose rule names it: 224.0.0.1, udp",
          OK,
          wire.askAt("namer", "host", "224.0.0.1", "udp"));
      for (Own own : meant) {
        for (String door : List.of("tcp", "udp")) {
          table.row(
              "world alone: " + own.kind + " " + own.address + ", " + door,
              NO_RULE,
              wire.askAt("client", "host", own.address + scope(own.address), door));
        }
      }
      ground.policy("containers may connect any on host for caller");
      for (Own own : owns) {
        boolean here = !own.isLink() || own.address.equals(bridge);
        if (own.kind.equals("local") && here) {
          for (String door : List.of("tcp", "udp")) {
            table.row(
                "the host: " + own.address + ", " + door,
                OK,
                wire.askAt("client", "host", own.address + scope(own.address), door));
          }
        }
      }
      table.row(
          "the host: all nodes", OK, wire.askAt("client", "host", "fd00:db:9::1", "broadcast"));
      String inside = containerLink(ground);
      ground.policy("world may connect any on containers for callee");
      table.row("from the host: " + inside, NO_RULE, wire.askAt("host", "client", inside, "tcp"));
      table.row(
          "from the host: " + inside + ", udp",
          NO_RULE,
          wire.askAt("host", "client", inside, "udp"));
      table.row("the host pings " + inside, "no answer", ping(ground, inside));
      ground.policy("host may connect any on containers for callee");
      table.row("the host may: " + inside, OK, wire.askAt("host", "client", inside, "tcp"));
      table.row("the host may ping " + inside, "answered", ping(ground, inside));
    }
    assertEquals("", table.verdict());
  }

  private static String ping(Ground ground, String address) {
    String[] ping = {"busybox", "ping", "-6", "-c", "1", "-W", "1", address};
    return Shell.run(ground.lab().network().onHost(ping).toArray(String[]::new)).ok()
        ? "answered"
        : "no answer";
  }

  private static String scope(String address) {
    return address.startsWith("fe80:") || address.startsWith("ff02:") ? LINK : "";
  }

  private static String kinds(List<Own> owns) {
    return owns.stream().map(Own::kind).distinct().sorted().toList().toString();
  }

  private static List<Own> owns(Ground ground) {
    List<Own> found = new ArrayList<>();
    for (String family : List.of("-4", "-6")) {
      for (String line :
          onHost(ground, "ip", family, "route", "show", "table", "local").lines().toList()) {
        String[] words = line.strip().split(" ", -1);
        boolean loopback = words[1].startsWith("127.") || words[1].equals("::1");
        if (List.of("local", "broadcast", "anycast").contains(words[0]) && !loopback) {
          found.add(new Own(words[0], words[1]));
        }
      }
    }
    assertTrue(found.size() > 6, found::toString);
    return found.stream().distinct().toList();
  }

  /** The link-local address of the bridge that the container is on. */
  private static String bridgeLink(Ground ground) {
    return link(
        onHost(ground, "ip", "-6", "-o", "addr", "show", "dev", bridge(ground), "scope", "link"));
  }

  private static String bridge(Ground ground) {
    String route = onHost(ground, "ip", "-o", "route", "get", ground.address4("client"));
    return route.substring(route.indexOf(" dev ") + 5).split(" ", -1)[0];
  }

  private static String containerLink(Ground ground) {
    String shown =
        Shell.must(
            "nsenter",
            "-t",
            ground.pid("client"),
            "-n",
            "ip",
            "-6",
            "-o",
            "addr",
            "show",
            "dev",
            "eth0",
            "scope",
            "link");
    return link(shown) + "%" + bridge(ground);
  }

  private static String link(String shown) {
    String[] words = shown.strip().split("\\s+", -1);
    for (int i = 0; i + 1 < words.length; i++) {
      // Every bridge of Docker's with IPv6 has fe80::1 besides one of its own; a neighbour has one.
      if (words[i].equals("inet6")) {
        return words[i + 1].split("/", -1)[0];
      }
    }
    throw new LabException("no link-local address in " + shown);
  }

  private static String onHost(Ground ground, String... command) {
    Output output = Shell.run(ground.lab().network().onHost(command).toArray(String[]::new));
    if (!output.ok()) {
      throw new LabException("cannot ask the host: " + output.text());
    }
    return output.out();
  }
}
