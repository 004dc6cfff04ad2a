package dev.drawbridge.bpf.failure;

import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.ffi.LibBpf;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;

/** Turns negative errno numbers and I/O exceptions into {@link BpfException}s with a hint. */
public final class Failures {
  private Failures() {}

  /** libbpf, whose absence is a fault of the host that its administrator can mend. */
  public static LibBpf libbpf() {
    try {
      return LibBpf.system();
    } catch (LinkageError e) {
      Throwable telling = e.getMessage() == null && e.getCause() != null ? e.getCause() : e;
      String why = String.valueOf(telling.getMessage());
      BpfException failure = new BpfException("use", "libbpf", "", why);
      failure.initCause(e);
      throw failure;
    }
  }

  /** Passes a result that is no failure through. */
  public static int check(int result, String operation, Object object) {
    if (result < 0) {
      throw of(operation, object, result);
    }
    return result;
  }

  public static BpfException of(String operation, Object object, int negativeErrno) {
    return new BpfException(
        operation, object.toString(), Errno.name(negativeErrno), hint(-negativeErrno));
  }

  public static BpfException of(String operation, Object object, int negativeErrno, String hint) {
    return new BpfException(operation, object.toString(), Errno.name(negativeErrno), hint);
  }

  public static BpfException of(String operation, Object object, IOException cause) {
    String errno =
        switch (cause) {
          case NoSuchFileException _ -> "ENOENT";
          case AccessDeniedException _ -> "EACCES";
          case FileAlreadyExistsException _ -> "EEXIST";
          default -> "";
        };
    String hint = errno.isEmpty() ? String.valueOf(cause.getMessage()) : "";
    BpfException failure = new BpfException(operation, object.toString(), errno, hint);
    failure.initCause(cause);
    return failure;
  }

  private static String hint(int errno) {
    return errno == Errno.EPERM
        ? "the agent needs root, or CAP_BPF, CAP_NET_ADMIN and CAP_SYS_ADMIN"
        : "";
  }
}
