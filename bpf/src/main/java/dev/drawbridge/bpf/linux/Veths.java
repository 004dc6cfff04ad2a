package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.abi.Veth;
import dev.drawbridge.bpf.failure.Failures;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Which interface of the host leads to which of a container. */
public final class Veths {
  private static final int NETLINK_ROUTE = 0;
  private static final int RTM_GETLINK = 18;
  private static final int INTERFACE_MESSAGE = 16; // struct ifinfomsg
  private static final int FLAGS = 8;
  private static final int IFF_UP = 1;
  private static final int IFLA_ADDRESS = 1;
  private static final int IFLA_IFNAME = 3;
  private static final int IFLA_LINK = 5;
  private static final int IFLA_LINK_NETNSID = 37;

  private Veths() {}

  /**
   * An interface whose other end is in another network namespace.
   *
   * @param index its own number, in its namespace
   * @param peer the other end's number, in that end's namespace
   * @param mac its own, six bytes as one number; 0 if it has none
   * @param up whether it is up (netdevice(7), IFF_UP): whoever makes one gives it its MAC before
   */
  public record End(String name, int index, int peer, long mac, boolean up) {}

  /**
   * A veth into a namespace.
   *
   * @param here its end in the calling thread's namespace
   * @param inside its other end
   */
  public record Leading(End here, End inside) {}

  /**
   * The ways out of a namespace.
   *
   * @param veths those whose other ends are the calling thread's
   * @param all whether there is no other: one that is no veth, such as macvlan, has its other end
   *     at no interface of the host
   */
  public record Ways(List<Leading> veths, boolean all) {}

  /** The interfaces of the calling thread's network namespace that lead to another namespace. */
  public static List<End> ends() {
    List<End> found = new ArrayList<>();
    try (Netlink netlink = new Netlink(NETLINK_ROUTE, "route socket")) {
      ByteBuffer request = netlink.request(RTM_GETLINK, Netlink.DUMP, INTERFACE_MESSAGE);
      int result =
          netlink.ask(
              request,
              message -> {
                if (message.remaining() < INTERFACE_MESSAGE) {
                  return;
                }
                int index = message.getInt(4);
                boolean up = (message.getInt(FLAGS) & IFF_UP) != 0;
                message.position(INTERFACE_MESSAGE);
                if (Netlink.attribute(message, IFLA_LINK_NETNSID, Integer.BYTES).isPresent()) {
                  Netlink.attribute(message, IFLA_LINK, Integer.BYTES)
                      .ifPresent(peer ->
                          found.add(
                              new End(name(message), index, peer.getInt(), mac(message), up)));
                }
              });
      int _ = Failures.check(result, "list", "the interfaces of a network namespace");
    }
    return List.copyOf(found);
  }

  private static String name(ByteBuffer message) {
    return Netlink.attribute(message, IFLA_IFNAME, 1)
        .map(value -> StandardCharsets.UTF_8.decode(value).toString().replace("\0", ""))
        .orElse("");
  }

  private static long mac(ByteBuffer message) {
    return Netlink.attribute(message, IFLA_ADDRESS, 6).map(Veth::mac).orElse(0L);
  }

  /**
   * The calling thread's interfaces that lead into a namespace: each that names the other as its
   * peer, and is named by it. Call it in the host's namespace.
   */
  public static List<Leading> leadingTo(NetworkNamespace namespace) throws Exception {
    return waysOutOf(namespace).veths();
  }

  /** As {@link #leadingTo}, and whether those are all. */
  public static Ways waysOutOf(NetworkNamespace namespace) throws Exception {
    List<End> theirs = namespace.call(Veths::ends);
    List<Leading> found = new ArrayList<>();
    for (End mine : ends()) {
      theirs.stream()
          .filter(end -> end.peer() == mine.index() && end.index() == mine.peer())
          .findFirst()
          .ifPresent(end -> found.add(new Leading(mine, end)));
    }
    return new Ways(List.copyOf(found), !found.isEmpty() && found.size() == theirs.size());
  }
}
