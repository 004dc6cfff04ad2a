package dev.drawbridge.testkit.scenario;

import dev.drawbridge.testkit.Ctr;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Podman;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A container engine beside Docker, of which {@link EngineChapter} tells where it is installed. */
enum OtherEngine {
  /** The lab's containerd, asked by {@code ctr}. */
  CONTAINERD("containerd", "ctr", "17") {
    @Override
    Containers open(Stage stage) {
      Ctr ctr = new Ctr(stage.lab());
      stage.lab().addTenant(ctr);
      follow(stage, "containerdSocket", ctr.socket());
      return new ByCtr(ctr, stage.agent().isPresent(), stage.work("rootfs/lab/access.log"));
    }
  },
  /** A Podman of the lab's own; it needs {@link Podman#lab()}. */
  PODMAN("Podman", "podman", "18") {
    @Override
    Containers open(Stage stage) {
      Podman podman = Podman.in(stage.lab());
      stage.lab().addTenant(podman);
      follow(stage, "podmanRoot", podman.root());
      return new ByPodman(podman, stage.agent().isPresent() ? "drawbridge" : "runc");
    }
  };

  private final String title;
  private final String program;
  private final String number;

  OtherEngine(String title, String program, String number) {
    this.title = title;
    this.program = program;
    this.number = number;
  }

  /** As it calls itself. */
  String title() {
    return title;
  }

  /** Of its chapter. */
  String number() {
    return number;
  }

  /** What its containers' names begin with. */
  String prefix() {
    return program + "-";
  }

  /** Whether this machine has what an operator types. */
  boolean installed() {
    return Shell.run("sh", "-c", "command -v " + program).ok();
  }

  /** Makes it ready on that stage, whose agent follows it from then on. */
  abstract Containers open(Stage stage);

  /** Containers of one engine. */
  interface Containers {
    /** Starts one, guarded if there is an agent; {@code place} is the last part of its address. */
    void start(String name, int place, String script, List<String> labels);

    void remove(String name);

    String address(int place);

    /** What a program in it says. */
    Output exec(String name, String... command);

    /** How many requests this server has logged. */
    long arrived(String server);
  }

  static List<String> labels(String app, String... rules) {
    List<String> labels = new ArrayList<>(List.of("app=" + app));
    labels.addAll(List.of(rules));
    return labels;
  }

  private static void follow(Stage stage, String key, Path where) {
    stage
        .agent()
        .ifPresent(agent -> agent.restartWith(config -> config.addProperty(key, where.toString())));
  }

  private static void started(Output output) {
    if (!output.ok()) {
      throw new LabException("not started: " + output.text());
    }
  }

  private static String[] options(List<String> labels, String... more) {
    List<String> options = new ArrayList<>(List.of(more));
    labels.forEach(label -> options.addAll(List.of("--label", label)));
    return options.toArray(String[]::new);
  }

  /** All of them have one root file system, and so one log. */
  private record ByCtr(Ctr ctr, boolean guarded, Path log) implements Containers {
    private static final String NAMESPACE = "default";

    @Override
    public void start(String name, int place, String script, List<String> labels) {
      // The name of an interface has fifteen characters.
      String network = "n" + place;
      ctr.network(network, address(place));
      started(
          guarded
              ? ctr.run(NAMESPACE, name, network, script, options(labels))
              : ctr.runUnhooked(NAMESPACE, name, network, script, options(labels)));
    }

    @Override
    public void remove(String name) {
      ctr.remove(NAMESPACE, name);
    }

    @Override
    public String address(int place) {
      return "10.213.7." + place;
    }

    @Override
    public Output exec(String name, String... command) {
      return ctr.exec(NAMESPACE, name, command);
    }

    @Override
    public long arrived(String server) {
      try {
        return Files.exists(log) ? Files.readAllLines(log).size() : 0;
      } catch (IOException e) {
        throw new LabException("cannot read " + log + ": " + e.getMessage(), e);
      }
    }
  }

  private record ByPodman(Podman podman, String runtime) implements Containers {
    @Override
    public void start(String name, int place, String script, List<String> labels) {
      started(podman.startWith(runtime, name, script, options(labels, "--ip", address(place))));
    }

    @Override
    public void remove(String name) {
      podman.remove(name);
    }

    @Override
    public String address(int place) {
      return "10.213.9." + place;
    }

    @Override
    public Output exec(String name, String... command) {
      return podman.exec(name, command);
    }

    @Override
    public long arrived(String server) {
      return podman.exec(server, "cat", "/lab/access.log").out().lines().count();
    }
  }
}
