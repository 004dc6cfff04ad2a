package dev.drawbridge.bpf;

import dev.drawbridge.bpf.ffi.LibC;

/** What the kernel knows of a socket of this process. */
public final class Sockets {
  private static final int SOL_SOCKET = 1;
  private static final int SO_COOKIE = 57;

  private Sockets() {}

  /** The socket's cookie (SO_COOKIE, socket(7)), as programs see it. */
  public static long cookie(int fd) {
    byte[] value = new byte[Long.BYTES];
    int result = LibC.system().socketOption(fd, SOL_SOCKET, SO_COOKIE, value);
    int _ = Failures.check(result, "read the cookie of", "socket " + fd);
    return NativeOrder.asU64(value);
  }
}
