package dev.drawbridge.runtime;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * A container whose last start came to nothing because no agent answered.
 *
 * @param error what the engine says of it
 * @param comesBack whether its restart policy says that it should run
 * @param ranBefore whether it ever ran, so that somebody may miss it
 */
public record RefusedStart(
    String id, String name, String error, boolean comesBack, boolean ranBefore) {

  private static final Set<String> RESTARTING = Set.of("always", "unless-stopped", "on-failure");

  /**
   * The shim's or the hook's sentence where a runtime's own error is. The engine quotes the name of
   * a program that cannot be executed: between quotes an image may have written anything.
   */
  private static final Pattern NOBODY_ANSWERED =
      Pattern.compile(
          "[^\"]*OCI runtime (?:create|start) failed: [^\"]*"
              + "drawbridge: container not started: the agent is not answering on .*",
          Pattern.DOTALL);

  static boolean says(String error) {
    return NOBODY_ANSWERED.matcher(error).matches();
  }

  static boolean restarts(String policy) {
    return RESTARTING.contains(policy);
  }
}
