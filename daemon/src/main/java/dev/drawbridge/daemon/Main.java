package dev.drawbridge.daemon;

import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.bpf.Pins;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.daemon.config.AgentLog;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.config.KernelTable;
import dev.drawbridge.daemon.succession.Predecessor;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/** Starts the agent, or tells what the kernel can do. */
public final class Main {

  static final String TAKE_OVER = "--take-over";
  private static final String HAND_OVER = "--hand-over";

  /** A successor starts by itself first, and what is being started then is waited for. */
  private static final Duration HANDING_OVER = Duration.ofSeconds(90);

  private static final String USAGE =
      """
      usage: drawbridge-agent [--config FILE]                 run the agent
             drawbridge-agent --take-over [--config FILE]     run it in the place of the one that runs, if one does
             drawbridge-agent --hand-over [--config FILE]     have the one that runs start its successor, and wait for it
             drawbridge-agent --check-config [--config FILE]  say whether FILE can be used, and end
             drawbridge-agent --detach [--config FILE]        take off what an agent that has ended left in the
                                                              kernel, and end: containers go on, unguarded
             drawbridge-agent --features                      print what the kernel can do, as JSON, and end
             drawbridge-agent --help
      FILE is /etc/drawbridge/drawbridge.yaml, where there is one; SIGHUP has it read again. Its keys:
      docs/configuration.md. Exit codes: 1 cannot start, 2 bad arguments or configuration.\
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
    if (args.length > 0 && args[0].equals("--check-config")) {
      return check(Arrays.copyOfRange(args, 1, args.length), out, err);
    }
    if (args.length > 0 && args[0].equals("--detach")) {
      return detach(Arrays.copyOfRange(args, 1, args.length), out, err);
    }
    if (args.length > 0 && args[0].equals(HAND_OVER)) {
      return handOver(Arrays.copyOfRange(args, 1, args.length), out, err);
    }
    if (args.length > 0 && args[0].equals(TAKE_OVER)) {
      return Agent.run(Arrays.copyOfRange(args, 1, args.length), true, err);
    }
    return Agent.run(args, false, err);
  }

  private static int handOver(String[] args, PrintStream out, PrintStream err) {
    try {
      Optional<Path> file = fileToRead(configFile(args));
      Config config = file.isPresent() ? Config.load(file.get()) : Config.defaults();
      Optional<String> wrong = Predecessor.succeed(config.runDir(), HANDING_OVER);
      if (wrong.isEmpty()) {
        out.println("another agent has taken over");
        return 0;
      }
      err.println("drawbridge-agent: " + AgentLog.oneLine(wrong.get()));
      return 1;
    } catch (Config.ConfigException e) {
      err.println("drawbridge-agent: " + AgentLog.oneLine(String.valueOf(e.getMessage())));
      return 2;
    } catch (IOException e) {
      err.println("drawbridge-agent: " + AgentLog.oneLine(String.valueOf(e.getMessage())));
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    }
  }

  private static int detach(String[] args, PrintStream out, PrintStream err) {
    try {
      Optional<Path> file = fileToRead(configFile(args));
      Config config = file.isPresent() ? Config.load(file.get()) : Config.defaults();
      Pins pins = Pins.below(config.bpffs());
      Optional<String> agent = AgentLock.worker(pins.root());
      if (agent.isPresent()) {
        err.println(
            "drawbridge-agent: process %s works with the pins in %s; stop it first"
                .formatted(agent.get(), pins.root()));
        return 1;
      }
      int removed = pins.removeAll().size();
      out.println(
          removed == 0 ? "nothing is attached" : "detached: %d pins removed".formatted(removed));
      return 0;
    } catch (Config.ConfigException e) {
      err.println("drawbridge-agent: " + AgentLog.oneLine(String.valueOf(e.getMessage())));
      return 2;
    } catch (IOException | BpfException e) {
      err.println("drawbridge-agent: " + AgentLog.oneLine(String.valueOf(e.getMessage())));
      return 1;
    }
  }

  private static int check(String[] args, PrintStream out, PrintStream err) {
    try {
      Optional<Path> file = fileToRead(configFile(args));
      ApiConfig _ = ApiListeners.of(file.isPresent() ? Config.load(file.get()) : Config.defaults());
      out.println(
          file.map(path -> "configuration " + path + " can be used")
              .orElse("there is no " + Config.STANDARD_FILE + ": the defaults hold"));
      return 0;
    } catch (Config.ConfigException | Agent.StartException e) {
      err.println("drawbridge-agent: " + AgentLog.oneLine(String.valueOf(e.getMessage())));
      return 2;
    }
  }

  /** The file that was named, if one was. */
  static Optional<Path> configFile(String[] args) throws Config.ConfigException {
    if (args.length == 0) {
      return Optional.empty();
    }
    if (args.length == 2 && args[0].equals("--config")) {
      return Optional.of(Path.of(args[1]));
    }
    throw new Config.ConfigException(USAGE);
  }

  /** The one that was named, else the one at the usual place, if anything is there. */
  static Optional<Path> fileToRead(Optional<Path> named) {
    return named.isPresent() || Files.notExists(Config.STANDARD_FILE, LinkOption.NOFOLLOW_LINKS)
        ? named
        : Optional.of(Config.STANDARD_FILE);
  }
}
