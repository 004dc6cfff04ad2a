package dev.drawbridge.cli.terminal;

/** Exit codes, the same for every command. */
public final class Exit {
  /** Yes: allowed, healthy, clean. */
  public static final int YES = 0;

  /** No: denied, unhealthy, problems found. */
  public static final int NO = 1;

  /** No answer: bad usage, unknown container, unreadable file, agent not running. */
  public static final int NO_ANSWER = 2;

  private Exit() {}
}
