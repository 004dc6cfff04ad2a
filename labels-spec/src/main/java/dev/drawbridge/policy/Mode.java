package dev.drawbridge.policy;

/** What becomes of a container's own denials: label {@code drawbridge.mode}. */
public enum Mode {
  /** Denials are enforced. */
  ENFORCE,
  /** Denials are recorded and let pass. */
  AUDIT,
  /** This container's own side always allows. The peer's side is judged as ever. */
  OFF
}
