package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Errno;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What hangs at the place of an interface where filters for both directions do: the queueing
 * discipline clsact (linux/pkt_sched.h), or its older kind, ingress, which has none for packets
 * that leave. Interfaces are those of the calling thread's network namespace.
 */
public final class Clsact {
  private static final int NETLINK_ROUTE = 0;
  private static final int RTM_GETQDISC = 38;
  private static final int RTM_GETTFILTER = 46;
  private static final int MESSAGE = 20; // struct tcmsg
  private static final int TCA_KIND = 1;

  /** NLM_F_ECHO: without it the answer goes to those alone who listen for changes. */
  private static final int ECHO = 8;

  /** TC_H_CLSACT, of which there is one an interface; TC_H_INGRESS is the same number. */
  private static final int HERE = 0xffff_fff1;

  /** TC_H_MIN_INGRESS and TC_H_MIN_EGRESS of it. */
  private static final int[] DIRECTIONS = {0xffff_fff2, 0xffff_fff3};

  private Clsact() {}

  /** The kind of what is there, such as {@code clsact}; empty if nothing is. */
  public static Optional<String> kind(int index) {
    AtomicReference<String> found = new AtomicReference<>("");
    try (Netlink netlink = new Netlink(NETLINK_ROUTE, "route socket")) {
      int result =
          netlink.ask(
              request(netlink, RTM_GETQDISC, Netlink.ACK | ECHO, index, HERE),
              message -> attributes(message).ifPresent(found::set));
      if (result != -Errno.ENOENT) {
        int _ = Failures.check(result, "ask for the queueing discipline of interface", index);
      }
    }
    return Optional.of(found.get()).filter(kind -> !kind.isEmpty());
  }

  /** Whether it has no filter, of whomever. */
  public static boolean isEmpty(int index) {
    AtomicBoolean empty = new AtomicBoolean(true);
    try (Netlink netlink = new Netlink(NETLINK_ROUTE, "route socket")) {
      for (int direction : DIRECTIONS) {
        int result =
            netlink.ask(
                request(netlink, RTM_GETTFILTER, Netlink.DUMP, index, direction),
                _ -> empty.set(false));
        int _ = Failures.check(result, "list the filters of interface", index);
      }
    }
    return empty.get();
  }

  private static ByteBuffer request(Netlink netlink, int type, int flags, int index, int parent) {
    // Family and padding, then index, handle, parent and info.
    return netlink
        .request(type, flags, MESSAGE)
        .putInt(0)
        .putInt(index)
        .putInt(0)
        .putInt(parent)
        .putInt(0);
  }

  private static Optional<String> attributes(ByteBuffer message) {
    if (message.remaining() < MESSAGE) {
      return Optional.empty();
    }
    message.position(MESSAGE);
    return Netlink.attribute(message, TCA_KIND, 1)
        .map(value -> StandardCharsets.US_ASCII.decode(value).toString().replace("\0", ""));
  }
}
