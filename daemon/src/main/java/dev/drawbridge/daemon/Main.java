package dev.drawbridge.daemon;

import java.nio.file.Path;

/** Starts the agent: {@code drawbridge-agent [--config FILE]}. */
public final class Main {

  private Main() {}

  /** Exits 2 for bad arguments or configuration, 1 when the agent cannot start. */
  public static void main(String[] args) {
    System.exit(Agent.run(args, System.err));
  }

  static Path configFile(String[] args) throws Config.ConfigException {
    if (args.length == 2 && args[0].equals("--config")) {
      return Path.of(args[1]);
    }
    throw new Config.ConfigException("usage: drawbridge-agent [--config FILE]");
  }
}
