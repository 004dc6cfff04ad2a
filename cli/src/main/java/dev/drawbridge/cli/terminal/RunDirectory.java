package dev.drawbridge.cli.terminal;

import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.install.Layout;
import java.nio.file.Path;
import java.util.Map;

/**
 * The directories of an agent that does not use the usual ones: {@code DRAWBRIDGE_RUN} and {@code
 * DRAWBRIDGE_HOME}, the same variables as the front door's.
 */
public final class RunDirectory {
  private static final String RUN = "DRAWBRIDGE_RUN";
  private static final String HOME = "DRAWBRIDGE_HOME";

  private RunDirectory() {}

  public static Layout layout(Map<String, String> environment) {
    return Layout.system().withAgent(run(environment), home(environment));
  }

  /** What an agent has while it runs. */
  public static Path run(Map<String, String> environment) {
    return Path.of(value(environment, RUN, "/run/drawbridge"));
  }

  /** What an agent keeps. */
  public static Path home(Map<String, String> environment) {
    return Path.of(value(environment, HOME, "/var/lib/drawbridge"));
  }

  public static Path apiSocket(Map<String, String> environment) {
    String run = value(environment, RUN, "");
    return run.isEmpty() ? ApiConfig.DEFAULT_SOCKET : Path.of(run, "api.sock");
  }

  private static String value(Map<String, String> environment, String name, String absent) {
    String found = environment.getOrDefault(name, "");
    return found.isEmpty() ? absent : found;
  }
}
