package dev.drawbridge.policy;

/**
 * What becomes of the rules in a container's own labels: label {@code drawbridge.mode}. The host's
 * policy holds in every mode.
 */
public enum Mode {
  /** Denials are enforced. */
  ENFORCE,
  /** What only its own rules deny is recorded and let pass. */
  AUDIT,
  /** Its own rules are as if they were not there. The peer's side is judged as ever. */
  OFF
}
