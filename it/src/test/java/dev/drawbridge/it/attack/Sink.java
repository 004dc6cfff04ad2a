package dev.drawbridge.it.attack;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * The recorder inside a container: whatever arrives by accept(2), recv(2) or on the link is a line
 * in its file.
 */
final class Sink {
  /** More than there are doors. */
  static final int PORTS = 40;

  private final Ground ground;
  private final String container;
  private final int base;
  private final Path log;
  private int marks;

  private Sink(Ground ground, String container, int base, Path log) {
    this.ground = ground;
    this.container = container;
    this.base = base;
    this.log = log;
  }

  /**
   * A recorder outside containers.
   *
   * @param place wraps a command so that it runs there: on the host, in the world
   */
  static Sink outside(
      Ground ground, String name, int base, Function<String[], List<String>> place) {
    Path log = ground.shared("common").resolve("sink-" + name);
    List<String> command =
        place.apply(
            new String[] {
              Ground.recorder().toString(), log.toString(), Integer.toString(base), "" + PORTS
            });
    ground.background(command);
    Sink sink = new Sink(ground, "", base, log);
    Await.until("the sink listens", Ground.SOON, () -> sink.has("READY"));
    return sink;
  }

  static Sink start(Ground ground, String container, int base) {
    Sink sink = new Sink(ground, container, base, ground.shared(container).resolve("sink-" + base));
    ground
        .docker()
        .must(
            "exec",
            "-d",
            container,
            "/bin/sink",
            "/lab/sink-" + base,
            Integer.toString(base),
            Integer.toString(PORTS));
    Await.until("the sink listens", Ground.SOON, () -> sink.has("READY"));
    return sink;
  }

  int base() {
    return base;
  }

  boolean sniffs() {
    return has("READY " + base + " sniffing");
  }

  private boolean has(String start) {
    return Files.exists(log) && lines().stream().anyMatch(line -> line.startsWith(start));
  }

  List<String> lines() {
    try {
      return Files.readAllLines(log);
    } catch (IOException e) {
      throw new LabException("cannot read " + log + ": " + e.getMessage(), e);
    }
  }

  /** Whether anything with this token has been written. */
  boolean heard(String run, String door) {
    return lines().stream().anyMatch(line -> line.endsWith(" " + run + ":" + door));
  }

  /** Returns when everything that had reached the container's sockets before has been written. */
  void settle() {
    if (container.isEmpty()) {
      throw new LabException("only a container's sink can be settled");
    }
    String mark = "mark" + ++marks;
    ground
        .docker()
        .must(
            "exec",
            container,
            "/bin/attack",
            "send",
            mark,
            "127.0.0.1",
            Integer.toString(base),
            "udp");
    Await.until(
        "the sink has written all",
        Ground.SOON,
        () -> lines().stream().anyMatch(line -> line.startsWith("UDP ") && line.contains(mark)));
  }

  /**
   * What the run's door brought: kinds of arrival, such as {@code ACCEPT DATA PKT}, empty if
   * nothing. Arrivals without a token count by the door's port, so a sink serves one run of doors.
   */
  String arrived(String run, String door, int offset) {
    TreeSet<String> kinds = new TreeSet<>();
    for (String line : lines()) {
      String[] parts = line.split(" ", 3);
      boolean token = parts[2].equals(run + ":" + door);
      boolean port = parts[1].equals(Integer.toString(base + offset)) && parts[2].equals("-");
      if (token || port) {
        kinds.add(parts[0]);
      }
    }
    return String.join(" ", kinds);
  }
}
