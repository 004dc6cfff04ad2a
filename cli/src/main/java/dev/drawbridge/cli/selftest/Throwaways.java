package dev.drawbridge.cli.selftest;

import dev.drawbridge.cli.host.Ran;
import dev.drawbridge.cli.host.TemporaryFile;
import dev.drawbridge.cli.terminal.CommandException;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * An image of one file, a network and containers, under names that nobody has. {@link #close()}
 * takes all of it away, and nothing is made after it; whoever is interrupted calls it on another
 * thread, and waits there for the command that is on its way.
 */
final class Throwaways implements AutoCloseable {
  /** Every container has it, with the run's name and its own part in it. */
  static final String PART = "selftest";

  private static final String RUN = "selftest-run";
  private static final String PROGRAM = "/drawbridge-probe";
  private static final int TRIES = 20;
  private static final long PAUSE_MILLIS = 250;

  private final Engine engine;
  private final Path probe;
  private final String run;
  private boolean closed;

  Throwaways(Engine engine, Path probe) {
    byte[] random = new byte[6];
    new SecureRandom().nextBytes(random);
    this.engine = engine;
    this.probe = probe;
    this.run = "drawbridge-selftest-" + HexFormat.of().formatHex(random);
  }

  /** The name of a container, of which {@code part} is the last word. */
  String name(String part) {
    return run + "-" + part;
  }

  /** What selects the container with that part. */
  String selector(String part) {
    return PART + "=" + name(part);
  }

  /** Makes image and network. */
  void open() throws CommandException {
    try (var archive = new TemporaryFile(run, ".tar")) {
      OneFileImage.write(probe, archive.path());
      must(List.of("import", archive.path().toString(), run));
    } catch (IOException e) {
      throw new CommandException("no image can be made of " + probe + ": " + e.getMessage(), e);
    }
    List<String> network = new ArrayList<>(engine.network());
    network.add(run);
    must(network);
  }

  /**
   * Starts a container by the runtime.
   *
   * @param policies what its labels {@code drawbridge.policy.*} say
   * @param words of the probe
   */
  void start(String part, List<String> policies, String... words) throws CommandException {
    List<String> command = new ArrayList<>(engine.start());
    command.addAll(List.of("--detach", "--pull", "never", "--name", name(part)));
    command.addAll(List.of("--network", run, "--cap-drop", "ALL", "--log-driver", "none"));
    command.addAll(List.of("--label", RUN + "=" + run, "--label", selector(part)));
    for (int i = 0; i < policies.size(); i++) {
      command.addAll(
          List.of("--label", "drawbridge.policy.rule" + (i + 1) + "=" + policies.get(i)));
    }
    command.addAll(List.of(run, PROGRAM));
    command.addAll(List.of(words));
    must(command);
  }

  /** Ends both and starts the second one first, so that neither is where it was. */
  void startAgain(String first, String second) throws CommandException {
    must(List.of("stop", "-t", "5", name(first), name(second)));
    must(List.of("start", name(second)));
    must(List.of("start", name(first)));
  }

  String address(String part) throws CommandException {
    String address =
        must(
            List.of(
                "inspect",
                "--format",
                "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
                name(part)));
    if (address.isEmpty()) {
      throw new CommandException(engine.program() + " gave " + name(part) + " no IPv4 address");
    }
    return address;
  }

  /** What the probe in a running container says, whatever its exit status. */
  synchronized Ran probe(String part, String... words) throws CommandException {
    mustBeOpen();
    List<String> command = new ArrayList<>(List.of("exec", name(part), PROGRAM));
    command.addAll(List.of(words));
    return engine.run(command);
  }

  private synchronized String must(List<String> arguments) throws CommandException {
    mustBeOpen();
    return engine.must(arguments);
  }

  private void mustBeOpen() throws CommandException {
    if (closed) {
      throw new CommandException("interrupted");
    }
  }

  /**
   * Takes everything away. What an interrupted command has begun may appear only now, so it looks
   * again until nothing is there.
   *
   * @throws CommandException that names what is left
   */
  @Override
  public synchronized void close() throws CommandException {
    if (closed) {
      return;
    }
    closed = true;
    List<String> left = List.of();
    for (int i = 0; i < TRIES; i++) {
      try {
        left = removed();
        if (left.isEmpty()) {
          return;
        }
      } catch (CommandException e) {
        // An engine that is busy now may answer the next time.
        left = List.of("whatever is called " + run + " (" + e.getMessage() + ")");
      }
      try {
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      }
    }
    throw new CommandException(
        "left behind: "
            + String.join(", ", left)
            + "; remove them with "
            + engine.program()
            + " rm -f, network rm and image rm");
  }

  /** Removes what is there, and gives what is there still. */
  private List<String> removed() throws CommandException {
    List<String> containers =
        lines("ps", "--all", "--quiet", "--filter", "label=" + RUN + "=" + run);
    if (!containers.isEmpty()) {
      List<String> command = new ArrayList<>(List.of("rm", "--force", "--volumes"));
      command.addAll(containers);
      var _ = engine.run(command);
    }
    var _ = engine.run(List.of("network", "rm", run));
    var _ = engine.run(List.of("image", "rm", "--force", run));
    List<String> left = new ArrayList<>();
    lines("ps", "--all", "--quiet", "--filter", "label=" + RUN + "=" + run)
        .forEach(id -> left.add("container " + id));
    if (engine.run(List.of("network", "inspect", run)).ok()) {
      left.add("network " + run);
    }
    if (engine.run(List.of("image", "inspect", run)).ok()) {
      left.add("image " + run);
    }
    return left;
  }

  private List<String> lines(String... arguments) throws CommandException {
    return engine.must(List.of(arguments)).lines().filter(line -> !line.isBlank()).toList();
  }
}
