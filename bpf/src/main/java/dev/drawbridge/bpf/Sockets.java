package dev.drawbridge.bpf;

/** What the kernel knows of a socket of this process. */
public final class Sockets {
  private Sockets() {}

  /** The socket's cookie (SO_COOKIE), as programs see it. */
  public static long cookie(int fd) {
    return Later.come();
  }
}
