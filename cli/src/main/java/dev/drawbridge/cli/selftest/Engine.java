package dev.drawbridge.cli.selftest;

import dev.drawbridge.cli.host.Ran;
import dev.drawbridge.cli.terminal.CommandException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A container engine by its own command line program, which an operator has beside it. Its host and
 * its configuration are those of whoever calls.
 */
enum Engine {
  DOCKER {
    @Override
    List<String> start() {
      return List.of("run", "--runtime", RUNTIME);
    }

    @Override
    List<String> network() {
      return List.of("network", "create");
    }

    @Override
    List<String> runtimes() {
      return List.of("info", "--format", "{{range $name, $_ := .Runtimes}}{{$name}}\n{{end}}");
    }

    @Override
    String advice() {
      return "drawbridge install";
    }
  },
  PODMAN {
    @Override
    List<String> start() {
      return List.of("--runtime", RUNTIME, "run");
    }

    // Its resolver would be a process of the host's that stays for a while.
    @Override
    List<String> network() {
      return List.of("network", "create", "--disable-dns");
    }

    // It fails where Podman knows no such runtime, and says its name where it does.
    @Override
    List<String> runtimes() {
      return List.of("--runtime", RUNTIME, "info", "--format", "{{.Host.OCIRuntime.Name}}");
    }

    @Override
    String advice() {
      return "drawbridge install --podman";
    }
  };

  /** As {@code drawbridge install} registers it. */
  private static final String RUNTIME = "drawbridge";

  /** An engine under load is slow; one that hangs is found out. */
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  /** The words before a container's own options that start one by the runtime. */
  abstract List<String> start();

  /** The words before a network's name that make one. */
  abstract List<String> network();

  /** What prints the runtimes that this engine knows, one a line. */
  abstract List<String> runtimes();

  /** What registers the runtime. */
  abstract String advice();

  /** The program's name. */
  String program() {
    return name().toLowerCase(Locale.ROOT);
  }

  Ran run(List<String> arguments) throws CommandException {
    List<String> command = new ArrayList<>();
    command.add(program());
    command.addAll(arguments);
    return Ran.run(DEADLINE, command);
  }

  /** Runs what must succeed; gives what it said on standard output. */
  String must(List<String> arguments) throws CommandException {
    Ran ran = run(arguments);
    if (!ran.ok()) {
      throw new CommandException(
          program() + " " + String.join(" ", arguments) + ": " + ran.lastWords());
    }
    return ran.out().strip();
  }

  /**
   * Returns if this engine answers and has the runtime.
   *
   * @throws CommandException that says what to do
   */
  void mustBeRegistered() throws CommandException {
    Ran ran = run(runtimes());
    if (ran.ok() && ran.out().lines().anyMatch(RUNTIME::equals)) {
      return;
    }
    Ran answers = run(List.of("info"));
    throw new CommandException(
        answers.ok()
            ? program() + " knows no runtime \"" + RUNTIME + "\": run " + advice()
            : program() + " does not answer: " + answers.lastWords());
  }
}
