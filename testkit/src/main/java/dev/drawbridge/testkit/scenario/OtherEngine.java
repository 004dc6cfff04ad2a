package dev.drawbridge.testkit.scenario;

import dev.drawbridge.testkit.Ctr;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Podman;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A container engine beside Docker, of which {@link EngineChapter} tells where it is installed. */
public enum OtherEngine {
  /** The lab's containerd, asked by {@code ctr}. */
  CONTAINERD("ctr", "ctr-", "17") {
    @Override
    Containers open(Stage stage) {
      Ctr ctr = new Ctr(stage.lab());
      stage.lab().addTenant(ctr);
      stage
          .agent()
          .ifPresent(agent ->
              agent.restartWith(
                  config -> config.addProperty("containerdSocket", ctr.socket().toString())));
      return new ByCtr(ctr, stage.agent(), stage.work("rootfs/lab/access.log"));
    }
  },
  /** A Podman of the lab's own; it needs {@link Podman#lab()}. */
  PODMAN("podman", "podman-", "18") {
    @Override
    Containers open(Stage stage) {
      Podman podman = Podman.in(stage.lab());
      stage.lab().addTenant(podman);
      stage
          .agent()
          .ifPresent(agent ->
              agent.restartWith(
                  config -> config.addProperty("podmanRoot", podman.root().toString())));
      return new ByPodman(podman, stage.agent());
    }
  };

  private final String program;
  private final String prefix;
  private final String chapter;

  OtherEngine(String program, String prefix, String chapter) {
    this.program = program;
    this.prefix = prefix;
    this.chapter = chapter;
  }

  /** What an operator has of it. */
  public String program() {
    return program;
  }

  /** What its containers' names begin with. */
  String prefix() {
    return prefix;
  }

  /** The number of its chapter. */
  String chapter() {
    return chapter;
  }

  /** Its name, as a command line has it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether this machine has it. */
  public boolean installed() {
    return Shell.run("sh", "-c", "command -v " + program).ok();
  }

  /** Makes it ready on that stage, whose agent follows it from then on. */
  abstract Containers open(Stage stage);

  /** Containers of one engine. */
  interface Containers {
    /** Starts one, guarded if there is an agent; its address is 10.213.x.{@code last}. */
    void start(String name, int last, String script, List<String> labels);

    void remove(String name);

    String address(int last);

    /** What a program in it says. */
    Output exec(String name, String... command);

    /** How many requests this server has logged. */
    long arrived(String server);
  }

  private static void started(Output output) {
    if (!output.ok()) {
      throw new LabException("not started: " + output.text());
    }
  }

  private static List<String> options(List<String> labels) {
    List<String> options = new ArrayList<>();
    labels.forEach(label -> options.addAll(List.of("--label", label)));
    return options;
  }

  /** All of them have one root file system, and so one log. */
  private record ByCtr(Ctr ctr, Optional<LabAgent> agent, Path log) implements Containers {
    private static final String NAMESPACE = "default";

    @Override
    public void start(String name, int last, String script, List<String> labels) {
      // The name of an interface has fifteen characters.
      String network = "n" + last;
      ctr.network(network, address(last));
      String[] options = options(labels).toArray(String[]::new);
      started(
          agent.isPresent()
              ? ctr.run(NAMESPACE, name, network, script, options)
              : ctr.runUnhooked(NAMESPACE, name, network, script, options));
    }

    @Override
    public void remove(String name) {
      ctr.remove(NAMESPACE, name);
    }

    @Override
    public String address(int last) {
      return "10.213.7." + last;
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

  private record ByPodman(Podman podman, Optional<LabAgent> agent) implements Containers {
    @Override
    public void start(String name, int last, String script, List<String> labels) {
      List<String> options = new ArrayList<>(List.of("--ip", address(last)));
      options.addAll(options(labels));
      String[] all = options.toArray(String[]::new);
      started(podman.startWith(agent.isPresent() ? "drawbridge" : "runc", name, script, all));
    }

    @Override
    public void remove(String name) {
      podman.remove(name);
    }

    @Override
    public String address(int last) {
      return "10.213.9." + last;
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
