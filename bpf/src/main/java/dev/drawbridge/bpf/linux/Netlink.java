package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.Failures;
import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.ffi.Fd;
import dev.drawbridge.bpf.ffi.LibC;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Questions to the kernel by netlink(7), one at a time. It speaks of the network namespace that the
 * opening thread was in, wherever that thread goes. Not thread-safe.
 */
final class Netlink implements AutoCloseable {
  /** NLM_F_ACK: an answer comes in any case. */
  static final int ACK = 4;

  /** NLM_F_DUMP: everything there is. */
  static final int DUMP = 0x300;

  private static final int NLM_F_REQUEST = 1;
  private static final int NLMSG_ERROR = 2;
  private static final int NLMSG_DONE = 3;
  private static final int HEADER = 16;
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVTIMEO = 20;
  private static final int SOL_NETLINK = 270;
  private static final int NETLINK_GET_STRICT_CHK = 12; // Linux 4.20
  private static final int DEADLINE_SECONDS = 5;
  private static final int BUFFER = 64 * 1024; // the kernel sends at most 32 KiB at once

  private final Fd fd;
  private final byte[] buffer;
  private int sequence;

  /**
   * @param protocol NETLINK_*, linux/netlink.h
   * @param what named in errors
   */
  Netlink(int protocol, String what) {
    this(protocol, what, BUFFER);
  }

  /**
   * @param room bytes that the longest answer takes
   */
  Netlink(int protocol, String what, int room) {
    buffer = new byte[room];
    LibC libc = LibC.system();
    int opened = libc.socket(LibC.AF_NETLINK, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, protocol);
    fd = new Fd(Failures.check(opened, "open", what), what);
    ByteBuffer deadline = NativeOrder.allocate(2 * Long.BYTES).putLong(DEADLINE_SECONDS);
    int _ = libc.setSocketOption(fd.raw(), SOL_SOCKET, SO_RCVTIMEO, NativeOrder.bytes(deadline));
  }

  /** The kernel answers a dump with what the question's header asks for, and nothing else. */
  void strict() {
    ByteBuffer on = NativeOrder.allocate(Integer.BYTES).putInt(1);
    int set =
        LibC.system()
            .setSocketOption(fd.raw(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, NativeOrder.bytes(on));
    int _ = Failures.check(set, "set strict checks on", "a netlink socket");
  }

  /** A question with room for its body, which begins at the position. */
  ByteBuffer request(int type, int flags, int body) {
    ByteBuffer request = NativeOrder.allocate(HEADER + body);
    request.putInt(HEADER + body).putShort((short) type);
    return request.putShort((short) (NLM_F_REQUEST | flags)).putInt(++sequence).putInt(0);
  }

  /**
   * Asks, and waits for the end of the answer.
   *
   * @param answer gets the body of each message, valid during the call
   * @return 0, or the negative errno that ends the answer
   */
  int ask(ByteBuffer request, Consumer<ByteBuffer> answer) {
    return askUntil(
        request,
        message -> {
          answer.accept(message);
          return false;
        });
  }

  /**
   * Asks, and waits for the end of the answer, or until enough of it is known: then this can only
   * be closed, because the kernel goes on with the answer.
   *
   * @param enough gets the body of each message, valid during the call
   * @return 0, or the negative errno that ends the answer
   */
  int askUntil(ByteBuffer request, Predicate<ByteBuffer> enough) {
    LibC libc = LibC.system();
    int sent = libc.send(fd.raw(), NativeOrder.bytes(request));
    while (sent == -Errno.EINTR) {
      sent = libc.send(fd.raw(), NativeOrder.bytes(request));
    }
    if (sent < 0) {
      return sent;
    }
    while (true) {
      int received = libc.receive(fd.raw(), buffer);
      if (received == -Errno.EINTR) {
        continue;
      }
      if (received <= 0) {
        return received;
      }
      ByteBuffer in = ByteBuffer.wrap(buffer, 0, received).order(ByteOrder.nativeOrder());
      while (in.remaining() >= HEADER) {
        int at = in.position();
        int length = in.getInt();
        int type = Short.toUnsignedInt(in.getShort());
        in.getShort();
        int number = in.getInt();
        in.getInt();
        if (length < HEADER || length > received - at) {
          return -Errno.EINVAL;
        }
        if (number == sequence) { // else a late answer to a question that was given up
          switch (type) {
            case NLMSG_DONE -> {
              return 0;
            }
            case NLMSG_ERROR -> {
              return in.getInt();
            }
            default -> {
              if (enough.test(
                  in.slice(in.position(), length - HEADER).order(ByteOrder.nativeOrder()))) {
                return 0;
              }
            }
          }
        }
        in.position(Math.min(at + (length + 3 & ~3), received));
      }
    }
  }

  /**
   * One attribute (struct rtattr: length with its four bytes, type, value, padding to four) of at
   * least {@code size} bytes, among those from the position on.
   */
  static Optional<ByteBuffer> attribute(ByteBuffer message, int wanted, int size) {
    ByteBuffer in = message.duplicate().order(ByteOrder.nativeOrder());
    while (in.remaining() >= 4) {
      int at = in.position();
      int length = NativeOrder.u16(in);
      int type = NativeOrder.u16(in);
      if (length < 4 || length > in.remaining() + 4) {
        return Optional.empty();
      }
      if (type == wanted && length >= 4 + size) {
        return Optional.of(in.slice(in.position(), length - 4).order(ByteOrder.nativeOrder()));
      }
      in.position(Math.min(at + (length + 3 & ~3), in.limit()));
    }
    return Optional.empty();
  }

  @Override
  public void close() {
    fd.close();
  }
}
