package dev.drawbridge.bpf.failure;

/**
 * A pinned map of the same name has another layout or size than this build's programs expect, and
 * cannot be carried over. Nothing was changed.
 */
public final class MapLayoutMismatch extends BpfException {
  private static final long serialVersionUID = 1L;

  public MapLayoutMismatch(String pin, String difference, String remedy) {
    super("reuse pinned map", pin, "", difference + "; " + remedy);
  }
}
