package dev.drawbridge.it.attack;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * An attacker that has opened its sockets and waits: {@code hold}. Between {@link #start} and
 * {@link #go} the world around it changes.
 */
final class Held {
  /** Doors of a hold, in the order of their ports. */
  static final List<String> DOORS =
      List.of(
          "established", "created", "udp-connected-before", "udp-cork", "fresh-tcp", "fresh-udp");

  private static final Duration DONE = Duration.ofSeconds(30);

  private final Path shared;
  private final String run;

  private Held(Path shared, String run) {
    this.shared = shared;
    this.run = run;
  }

  /** The command that a container's shell runs; its output goes to the shared directory. */
  static String command(String run, String address, Sink sink) {
    return "/bin/attack hold %s %s %d /lab/%s.go >/lab/%s.out 2>&1"
        .formatted(run, address, sink.base(), run, run);
  }

  /** In a container that runs already, by {@code docker exec}. */
  static Held start(Ground ground, String container, String run, String address, Sink sink) {
    ground.docker().must("exec", "-d", container, "/bin/sh", "-c", command(run, address, sink));
    return waiting(ground, container, run);
  }

  /** Of a process that something else starts with {@link #command}. */
  static Held waiting(Ground ground, String container, String run) {
    Held held = new Held(ground.shared(container), run);
    Await.until("the attacker waits", Ground.SOON, () -> held.text().contains("READY"));
    return held;
  }

  /**
   * A container that starts past the hook while there is no agent, opens its sockets, and is
   * adopted by the agent that comes back.
   */
  static Held late(
      Ground ground,
      String container,
      String label,
      String rule,
      String run,
      String address,
      Sink sink) {
    List<String> options = new ArrayList<>(List.of("--runtime", "runc"));
    options.addAll(Ground.labels(label, "drawbridge.policy.out=" + rule));
    String settled =
        "until ip -6 addr show dev eth0 scope global | grep -qv tentative; do true; done; ";
    ground.agent().kill();
    Held held;
    try {
      ground.start(
          container,
          options,
          "/bin/sh",
          "-c",
          settled + command(run, address, sink) + "; sleep 100000");
      held = waiting(ground, container, run);
      if (!held.established()) {
        throw new LabException("nobody guards " + container + " yet, and it is refused");
      }
    } finally {
      ground.agent().start();
    }
    Await.until(
        container + " is adopted",
        Ground.SOON,
        () ->
            ground.endpoint(container).has("attachment")
                && ground
                    .endpoint(container)
                    .get("attachment")
                    .getAsString()
                    .equalsIgnoreCase("LISTENER"));
    return held;
  }

  private String text() {
    try {
      Path file = shared.resolve(run + ".out");
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new LabException("cannot read what the attacker says: " + e.getMessage(), e);
    }
  }

  /** Whether its first connection was let through before anything changed. */
  boolean established() {
    return text().contains("READY\testablished");
  }

  /** Its number on the host. */
  long hostPid() {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : all) {
        if (commandLine(process).startsWith("/bin/attack\0hold\0" + run + "\0")
            || commandLine(process).contains("/attack\0hold\0" + run + "\0")) {
          return Long.parseLong(process.getFileName().toString());
        }
      }
    } catch (IOException e) {
      throw new LabException("cannot list processes: " + e.getMessage(), e);
    }
    throw new LabException("no process holds " + run);
  }

  private static String commandLine(Path process) {
    try {
      return new String(
          Files.readAllBytes(process.resolve("cmdline")), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return ""; // it ended meanwhile
    }
  }

  /** Moves its process to another cgroup, as root on the host can. */
  void moveTo(Path cgroup) {
    try {
      Files.writeString(cgroup.resolve("cgroup.procs"), Long.toString(hostPid()));
    } catch (IOException e) {
      throw new LabException("cannot move the attacker to " + cgroup + ": " + e.getMessage(), e);
    }
  }

  /** Lets it go on to its end; by door what the kernel said. */
  Map<String, Ground.Said> go() {
    try {
      Files.writeString(shared.resolve(run + ".go"), "");
    } catch (IOException e) {
      throw new LabException("cannot let the attacker go: " + e.getMessage(), e);
    }
    Await.until("the attacker is done", DONE, () -> text().contains("fresh-udp\t"));
    return Ground.said(text());
  }
}
