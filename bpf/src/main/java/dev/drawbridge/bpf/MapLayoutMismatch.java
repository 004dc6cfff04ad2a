package dev.drawbridge.bpf;

/**
 * A pinned map of the same name has another layout than this build's programs expect: it comes from
 * another version. Nothing was changed; whoever upgrades must decide to remove it.
 */
public final class MapLayoutMismatch extends BpfException {
  private static final long serialVersionUID = 1L;

  MapLayoutMismatch(String pin, String difference) {
    super(
        "reuse pinned map",
        pin,
        "",
        difference + "; it was made by another version: remove the pins to start afresh");
  }
}
