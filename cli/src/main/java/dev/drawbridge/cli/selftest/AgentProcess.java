package dev.drawbridge.cli.selftest;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.client.LocalClient;
import dev.drawbridge.cli.host.Ran;
import dev.drawbridge.cli.terminal.CommandException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The agent's process, where somebody is known who has started it and so can start it again: the
 * systemd unit, or the front door. {@link #close()} starts it if {@link #end()} has ended it, and
 * may be called by whoever is interrupted.
 */
final class AgentProcess implements AutoCloseable {
  /** Of the unit's agent; one elsewhere is another. */
  private static final Path STANDARD_RUN = Path.of("/run/drawbridge");

  private static final String UNIT = "drawbridge.service";
  private static final Duration SYSTEMCTL = Duration.ofSeconds(60);
  private static final long SECONDS = 60;

  /** What ends the agent, and what starts it. */
  private interface Life {
    void end() throws CommandException;

    void start() throws CommandException;
  }

  private final Life life;
  private final LocalClient agent;
  private boolean ended;
  private boolean closed;

  private AgentProcess(Life life, LocalClient agent) {
    this.life = life;
    this.agent = agent;
  }

  /**
   * Whoever has started the agent on this host.
   *
   * @param run the agent's run directory, where the front door keeps its process id
   * @param home the front door's directory of the agent
   */
  static Optional<AgentProcess> find(LocalClient agent, Path run, Path home)
      throws CommandException {
    Optional<Life> door = Door.find(run, home).map(found -> found);
    if (door.isPresent()) {
      return door.map(life -> new AgentProcess(life, agent));
    }
    boolean unit =
        run.equals(STANDARD_RUN)
            && Files.isDirectory(Path.of("/run/systemd/system"))
            && Ran.run(SYSTEMCTL, List.of("systemctl", "--quiet", "is-active", UNIT)).ok();
    return unit ? Optional.of(new AgentProcess(new Unit(), agent)) : Optional.empty();
  }

  /** Ends the agent; returns when nobody answers any more. */
  synchronized void end() throws CommandException {
    if (closed) {
      throw new CommandException("interrupted");
    }
    ended = true;
    life.end();
    await("the agent still answers", () -> !answers());
  }

  /** Starts what was ended; returns when it is healthy. */
  @Override
  public synchronized void close() throws CommandException {
    closed = true;
    if (!ended) {
      return;
    }
    ended = false;
    life.start();
    await("the agent was started again and is not healthy: see drawbridge status", this::healthy);
  }

  private boolean answers() {
    try {
      agent.status();
      return true;
    } catch (ApiException e) {
      return false;
    }
  }

  private boolean healthy() {
    try {
      return agent.status().ready();
    } catch (ApiException e) {
      return false;
    }
  }

  private static void await(String otherwise, java.util.function.BooleanSupplier condition)
      throws CommandException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - end > 0) {
        throw new CommandException(otherwise + " after " + SECONDS + " s");
      }
      Wire.pause();
    }
  }

  /** systemd's. It is stopped, because one that is killed is back before anybody could ask. */
  private static final class Unit implements Life {
    @Override
    public void end() throws CommandException {
      systemctl("stop");
    }

    @Override
    public void start() throws CommandException {
      systemctl("start");
    }

    private static void systemctl(String verb) throws CommandException {
      Ran ran = Ran.run(SYSTEMCTL, List.of("systemctl", "--no-ask-password", verb, UNIT));
      if (!ran.ok()) {
        throw new CommandException("systemctl " + verb + " " + UNIT + ": " + ran.lastWords());
      }
    }
  }

  /**
   * The front door's ({@code install/door/life.sh}): {@code RUN/agent.pid} holds the process id and
   * when it began, in clock ticks since boot.
   */
  private record Door(Path run, Path home, ProcessHandle process, List<String> environment)
      implements Life {

    static Optional<Door> find(Path run, Path home) throws CommandException {
      Path file = run.resolve("agent.pid");
      try {
        String[] words = Files.readString(file).strip().split(" ", 2);
        Path proc = Path.of("/proc", words[0]);
        Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(words[0]));
        if (process.isEmpty() || words.length != 2 || !words[1].equals(ticks(proc))) {
          return Optional.empty();
        }
        String environment = Files.readString(proc.resolve("environ"), StandardCharsets.ISO_8859_1);
        return Optional.of(new Door(run, home, process.get(), List.of(environment.split("\0"))));
      } catch (IOException | NumberFormatException e) {
        // No such file, or no such process any more.
        return Optional.empty();
      }
    }

    /** Field 22 of proc(5)'s stat; what comes before the last parenthesis may hold anything. */
    private static String ticks(Path proc) throws IOException {
      String stat = Files.readString(proc.resolve("stat"), StandardCharsets.ISO_8859_1);
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return fields[19];
    }

    @Override
    public void end() throws CommandException {
      if (!process.destroyForcibly()) {
        throw new CommandException("the agent, process " + process.pid() + ", cannot be killed");
      }
      var _ = process.onExit().orTimeout(SECONDS, TimeUnit.SECONDS).join();
    }

    @Override
    public void start() throws CommandException {
      // In a session of its own: it outlives this program and its terminal.
      ProcessBuilder builder =
          new ProcessBuilder(
              "setsid",
              home.resolve("dist/libexec/drawbridge-agent").toString(),
              "--config",
              home.resolve("agent.json").toString());
      builder.environment().clear();
      for (String variable : environment) {
        int equals = variable.indexOf('=');
        if (equals > 0) {
          builder.environment().put(variable.substring(0, equals), variable.substring(equals + 1));
        }
      }
      builder
          .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.appendTo(run.resolve("agent.log").toFile()));
      try {
        long pid = builder.start().pid();
        Files.writeString(
            run.resolve("agent.pid"),
            pid + " " + ticks(Path.of("/proc", Long.toString(pid))) + "\n");
      } catch (IOException e) {
        throw new CommandException("the agent cannot be started again: " + e.getMessage(), e);
      }
    }
  }
}
