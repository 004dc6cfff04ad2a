package dev.drawbridge.bpf.failure;

import java.util.Optional;

/**
 * The kernel or libbpf refused an operation. Names what was tried, on what, what the kernel said,
 * and what to do about it.
 */
public sealed class BpfException extends RuntimeException
    permits LoadRejected, MapFull, MapLayoutMismatch {
  private static final long serialVersionUID = 1L;

  private final String operation;
  private final String object;
  private final String errno;
  private final String hint;

  /**
   * @param operation what was tried, as a verb: "attach program"
   * @param object on what: a map's name, a path
   * @param errno symbolic name as in errno(3), or empty when no system call failed
   * @param hint what the reader can do, one sentence, or empty
   */
  public BpfException(String operation, String object, String errno, String hint) {
    super(sentence(operation, object, errno, hint));
    this.operation = operation;
    this.object = object;
    this.errno = errno;
    this.hint = hint;
  }

  private static String sentence(String operation, String object, String errno, String hint) {
    String failed = "cannot " + operation + " " + object + (errno.isEmpty() ? "" : ": " + errno);
    return hint.isEmpty() ? failed : failed + "; " + hint;
  }

  public String operation() {
    return operation;
  }

  public String object() {
    return object;
  }

  /** {@code EPERM} and the like; empty when no system call failed. */
  public Optional<String> errno() {
    return errno.isEmpty() ? Optional.empty() : Optional.of(errno);
  }

  /** What to do about it; may be empty. */
  public String hint() {
    return hint;
  }
}
