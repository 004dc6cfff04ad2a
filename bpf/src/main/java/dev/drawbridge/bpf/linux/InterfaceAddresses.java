package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.Failures;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The IPv4 addresses of a network namespace's interfaces, in the kernel's order (rtnetlink(7)), up
 * to a number: who may give them to itself may give itself hundreds of thousands.
 */
public final class InterfaceAddresses {
  private static final int NETLINK_ROUTE = 0;
  private static final int RTM_GETADDR = 22;
  private static final int MESSAGE = 8; // struct ifaddrmsg
  private static final int IFA_LOCAL = 2;
  private static final int IFA_LABEL = 3;
  private static final int AF_INET = 2;
  private static final int ADDRESS = 4;

  private InterfaceAddresses() {}

  /** One of them. */
  public record Own(String device, InetAddress address, int prefixLength) {}

  /**
   * Those of the calling thread's namespace.
   *
   * @param most how many at most; a list of that many may not be all
   * @throws BpfException if the kernel cannot list them
   */
  public static List<Own> ipv4(int most) {
    List<Own> found = new ArrayList<>();
    try (Netlink netlink = new Netlink(NETLINK_ROUTE, "route socket")) {
      ByteBuffer request = netlink.request(RTM_GETADDR, Netlink.DUMP, MESSAGE).put((byte) AF_INET);
      int result = netlink.askUntil(request, into(found, most));
      int _ = Failures.check(result, "list", "the addresses of a network namespace");
    }
    return found;
  }

  static Predicate<ByteBuffer> into(List<Own> found, int most) {
    return message -> {
      if (found.size() < most) {
        decode(message).ifPresent(found::add);
      }
      return found.size() >= most;
    };
  }

  private static Optional<Own> decode(ByteBuffer message) {
    if (message.remaining() < MESSAGE || message.get(0) != AF_INET) {
      return Optional.empty();
    }
    int prefixLength = Byte.toUnsignedInt(message.get(1));
    ByteBuffer attributes = message.duplicate().order(message.order());
    attributes.position(MESSAGE);
    Optional<ByteBuffer> local = Netlink.attribute(attributes, IFA_LOCAL, ADDRESS);
    Optional<ByteBuffer> label = Netlink.attribute(attributes, IFA_LABEL, 1);
    if (local.isEmpty() || label.isEmpty() || prefixLength > Integer.SIZE) {
      return Optional.empty();
    }
    byte[] mapped = new byte[16];
    mapped[10] = (byte) 0xff;
    mapped[11] = (byte) 0xff;
    local.get().get(local.get().position(), mapped, 12, ADDRESS);
    // An alias is the device's name, a colon, and what its maker liked.
    String name = StandardCharsets.UTF_8.decode(label.get()).toString().replace("\0", "");
    int colon = name.indexOf(':');
    return Optional.of(
        new Own(
            colon < 0 ? name : name.substring(0, colon),
            NativeOrder.asAddress(mapped),
            prefixLength));
  }
}
