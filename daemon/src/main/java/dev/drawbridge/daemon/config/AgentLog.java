package dev.drawbridge.daemon.config;

import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * What the agent's log is made of: what an operator wants to know of, a line each. Libraries speak
 * up for failures only; that the container engine does not answer, and why, is said by ourselves.
 */
public final class AgentLog {
  private static final String FORMAT = "%1$tFT%1$tT.%1$tL%1$tz %4$s %3$s: %5$s%6$s%n";

  /** Held, because a logger that nobody holds forgets its level. */
  private static final List<Logger> LIBRARIES =
      List.of(
          Logger.getLogger("org.apache"),
          Logger.getLogger("com.github.dockerjava"),
          Logger.getLogger("io.netty"));

  private AgentLog() {}

  public static void setUp() {
    System.setProperty("java.util.logging.SimpleFormatter.format", FORMAT);
    LIBRARIES.forEach(logger -> logger.setLevel(Level.SEVERE));
  }

  /** Text of others, such as a label's, on one line. */
  public static String oneLine(String text) {
    return text.replaceAll("\\p{Cntrl}", " ");
  }
}
