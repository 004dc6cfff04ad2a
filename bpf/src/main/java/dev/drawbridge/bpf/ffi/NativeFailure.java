package dev.drawbridge.bpf.ffi;

import java.util.List;

/** A native function that returns a pointer returned none. */
public final class NativeFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final int errno;
  private final transient List<String> messages;

  NativeFailure(String function, int errno, List<String> messages) {
    super(function + ": " + Errno.name(errno));
    this.errno = errno;
    this.messages = List.copyOf(messages);
  }

  /** Positive. */
  public int errno() {
    return errno;
  }

  /** What the library printed about it. */
  public List<String> messages() {
    return messages;
  }
}
