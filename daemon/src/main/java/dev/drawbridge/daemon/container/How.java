package dev.drawbridge.daemon.container;

/** How a container came to be guarded. */
public enum How {
  /** Before its first process ran. */
  HOOK,
  /** Later, by the listener: it had been started without the hook. */
  LISTENER,
  /** Found pinned when the agent started. */
  ADOPTED
}
