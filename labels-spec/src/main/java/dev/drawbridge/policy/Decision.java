package dev.drawbridge.policy;

/** What happens to a connection or a request. */
public enum Decision {
  ALLOW,
  /** Layer 4 only: the engine must read the bytes and ask again. */
  ENGINE,
  DENY
}
