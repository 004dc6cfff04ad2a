package dev.drawbridge.daemon;

import dev.drawbridge.api.report.Json;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.config.KernelTable;
import java.io.PrintStream;
import java.nio.file.Path;

/** Starts the agent, or tells what the kernel can do. */
public final class Main {

  private static final String USAGE =
      """
      usage: drawbridge-agent [--config FILE]   run the agent
             drawbridge-agent --features        print what the kernel can do, as JSON, and end
             drawbridge-agent --help
      Keys of FILE: docs/configuration.md. Exit codes: 1 cannot start, 2 bad arguments or configuration.\
      """;

  private Main() {}

  /** Exits 2 for bad arguments or configuration, 1 when the agent cannot start. */
  public static void main(String[] args) {
    System.exit(run(args, System.out, System.err));
  }

  static int run(String[] args, PrintStream out, PrintStream err) {
    if (args.length == 1 && args[0].equals("--features")) {
      out.println(Json.write(KernelTable.probe()));
      return 0;
    }
    if (args.length == 1 && (args[0].equals("--help") || args[0].equals("-h"))) {
      out.println(USAGE);
      return 0;
    }
    return Agent.run(args, err);
  }

  static Path configFile(String[] args) throws Config.ConfigException {
    if (args.length == 2 && args[0].equals("--config")) {
      return Path.of(args[1]);
    }
    throw new Config.ConfigException(USAGE);
  }
}
