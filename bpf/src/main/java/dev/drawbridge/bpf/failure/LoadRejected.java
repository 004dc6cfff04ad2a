package dev.drawbridge.bpf.failure;

/** The kernel's verifier (or libbpf before it) refused an object; keeps the whole log. */
public final class LoadRejected extends BpfException {
  private static final long serialVersionUID = 1L;

  private final String verifierLog;

  public LoadRejected(String object, String errno, String hint, String verifierLog) {
    super("load", object, errno, hint);
    this.verifierLog = verifierLog;
  }

  /** Everything the kernel wrote about it; may be empty. */
  public String verifierLog() {
    return verifierLog;
  }
}
