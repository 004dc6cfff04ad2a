package dev.drawbridge.cli;

/** Exit codes, the same for every command. */
final class Exit {
  /** Yes: allowed, healthy, clean. */
  static final int YES = 0;

  /** No: denied, unhealthy, problems found. */
  static final int NO = 1;

  /** No answer: bad usage, unknown container, unreadable file, agent not running. */
  static final int NO_ANSWER = 2;

  private Exit() {}
}
