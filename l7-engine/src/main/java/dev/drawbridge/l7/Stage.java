package dev.drawbridge.l7;

/** How far an engine is from its end, while another takes new connections in its place. */
public enum Stage {
  /** Its time has not come. */
  SERVING,
  /**
   * Clients are told, where the protocol can tell; what is asked next is answered, and the last.
   */
  LAST_ASKED,
  /** Nothing more is asked: what is under way goes on, what is idle ends. */
  FINISHING
}
