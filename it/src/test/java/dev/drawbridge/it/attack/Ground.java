package dev.drawbridge.it.attack;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** A private engine with the agent, and containers that attack each other on one network. */
final class Ground implements AutoCloseable {
  static final Duration SOON = Duration.ofSeconds(20);
  static final String NOTHING = "nothing";
  static final String ARRIVED = "arrived";

  private static final String NETWORK = "ground";
  private static final Path PROGRAMS = Path.of("target/bin").toAbsolutePath();

  private final EngineLab lab;
  private final LabAgent agent;
  private final AtomicInteger bases = new AtomicInteger(20_000);
  private final AtomicInteger runs = new AtomicInteger();
  private final List<Process> processes = new ArrayList<>();
  private int hosts = 9;

  private Ground(EngineLab lab, LabAgent agent) {
    this.lab = lab;
    this.agent = agent;
  }

  /** What the kernel told the attacker, and after how many milliseconds. */
  record Said(String words, long millis) {
    boolean sent() {
      return words.equals("sent");
    }
  }

  /** Containers whose name begins with {@code bare} start unguarded. */
  static Ground open() {
    EngineLab lab = EngineLab.start();
    try {
      LabImage.importInto(lab, PROGRAMS.resolve("attack"), PROGRAMS.resolve("sink"));
      LabAgent agent = LabAgent.start(lab, Distribution.locate(), List.of("bare*"));
      lab.docker()
          .must(
              "network",
              "create",
              "--ipv6",
              "--subnet",
              "10.214.9.0/24",
              "--subnet",
              "fd00:db:9::/64",
              NETWORK);
      return new Ground(lab, agent);
    } catch (RuntimeException e) {
      lab.close();
      throw e;
    }
  }

  EngineLab lab() {
    return lab;
  }

  LabAgent agent() {
    return agent;
  }

  Docker docker() {
    return lab.docker();
  }

  /** A run's name, unique on this ground: the sink tells tokens apart by it. */
  String freshRun() {
    return "r" + runs.incrementAndGet();
  }

  /** A container of the ground that idles, with these options of {@code docker run}. */
  void idle(String name, String... options) {
    start(name, List.of(options), "/bin/sleep", "100000");
  }

  /** A container of the ground with a first process of its own. */
  void start(String name, List<String> options, String... command) {
    startAt(name, ++hosts, options, command);
  }

  /** The same with a certain host's number in both networks. */
  void startAt(String name, int host, List<String> options, String... command) {
    List<String> where = new ArrayList<>(List.of("--network", NETWORK));
    where.addAll(List.of("--ip", "10.214.9." + host, "--ip6", "fd00:db:9::" + host));
    where.addAll(options);
    startElsewhere(name, where, command);
  }

  /** A container whose network is among its options. */
  void startElsewhere(String name, List<String> options, String... command) {
    List<String> run = new ArrayList<>(List.of("run", "-d", "--name", name));
    run.addAll(common(name));
    run.addAll(options);
    run.add(LabImage.NAME);
    run.addAll(List.of(command));
    docker().must(run.toArray(String[]::new));
  }

  /** Options that every container has, whatever its network. */
  List<String> common(String name) {
    // Docker's seccomp profile would hide io_uring and vsock, and with them what is behind it.
    return List.of(
        "--security-opt",
        "seccomp=unconfined",
        "--stop-timeout",
        "0",
        "-v",
        shared(name) + ":/lab",
        "-v",
        shared("common") + ":/common");
  }

  static List<String> labels(String... labels) {
    List<String> options = new ArrayList<>();
    for (String label : labels) {
      options.addAll(List.of("--label", label));
    }
    return options;
  }

  /** As {@link #idle} takes them. */
  static String[] labelled(String... labels) {
    return labels(labels).toArray(String[]::new);
  }

  /** The status of one GET from a container, or {@code no answer}. */
  String get(String from, String url) {
    Output output =
        docker()
            .run(
                "exec",
                from,
                "curl",
                "-g",
                "-s",
                "-m",
                "3",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                url);
    return output.out().equals("000") ? "no answer" : output.out();
  }

  /** What a program of this machine says in a container's network namespace. */
  String inNetworkOf(String container, String... command) {
    List<String> all =
        new ArrayList<>(List.of("nsenter", "--net=/proc/" + pid(container) + "/ns/net"));
    all.addAll(List.of(command));
    return Shell.must(all.toArray(String[]::new));
  }

  /** The port of the engine on 127.0.0.1 where the container has made no listener there itself. */
  String enginePort(String container) {
    return inNetworkOf(container, "ss", "-Hltn", "src", "127.0.0.1")
        .replaceFirst("(?s).*?127\\.0\\.0\\.1:(\\d+).*", "$1");
  }

  Path shared(String name) {
    Path path = lab.directory().resolve("shared").resolve(name);
    try {
      Files.createDirectories(path);
      return path;
    } catch (IOException e) {
      throw new LabException("cannot create " + path + ": " + e.getMessage(), e);
    }
  }

  void remove(String name) {
    docker().must("rm", "-f", name);
  }

  String address4(String name) {
    return docker().inspect(name, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
  }

  String address(String name, boolean v4) {
    return v4 ? address4(name) : address6(name);
  }

  String address6(String name) {
    return docker()
        .inspect(name, "{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}");
  }

  String pid(String name) {
    return docker().inspect(name, "{{.State.Pid}}");
  }

  /** Where the cgroup2 hierarchy is mounted. */
  static Path rootCgroup() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
        if (line.contains(" - cgroup2 ")) {
          return Path.of(line.split(" ", 6)[4]);
        }
      }
    } catch (IOException e) {
      throw new LabException("cannot read the mounts: " + e.getMessage(), e);
    }
    throw new LabException("there is no cgroup2 hierarchy");
  }

  /** The container's directory in the cgroup2 hierarchy. */
  Path cgroup(String name) {
    Path mount = rootCgroup();
    try {
      for (String line : Files.readAllLines(Path.of("/proc", pid(name), "cgroup"))) {
        if (line.startsWith("0::")) {
          return Path.of(mount + line.substring(3));
        }
      }
    } catch (IOException e) {
      throw new LabException("cannot find the cgroup of " + name + ": " + e.getMessage(), e);
    }
    throw new LabException(name + " is in no cgroup2 hierarchy");
  }

  /**
   * A recorder of its own for one run, with room for every door; it must be gone before the next.
   */
  Sink sink(String container) {
    return Sink.start(this, container, bases.getAndAdd(Sink.PORTS));
  }

  /** Fires these doors, or all, from the container; by name what the kernel said. */
  Map<String, Said> send(String container, String run, String address, Sink sink, String... doors) {
    List<String> command =
        new ArrayList<>(List.of("exec", container, "/bin/attack", "send", run, address));
    command.add(Integer.toString(sink.base()));
    command.addAll(List.of(doors));
    Output output = docker().run(command.toArray(String[]::new));
    if (!output.ok()) {
      throw new LabException("the attacker failed in " + container + ": " + output.text());
    }
    return said(output.out());
  }

  /**
   * Fires one door from a container, and says what of it a fresh sink in the callee recorded:
   * {@code nothing}, {@code on the link} or {@code arrived}.
   */
  String reach(String from, String callee, String address, String door) {
    Sink sink = sink(callee);
    String run = freshRun();
    send(from, run, address, sink, door);
    sink.settle();
    return outcome(sink.arrived(run, door, doors().indexOf(door)));
  }

  /** As {@link #reach(String, String, String, String)}, at the callee's own IPv4 address. */
  String reach(String from, String callee, String door) {
    return reach(from, callee, address4(callee), door);
  }

  /** In the words of the tables. */
  static String outcome(String arrived) {
    return switch (arrived) {
      case "" -> NOTHING;
      case "PKT" -> "on the link";
      default -> ARRIVED;
    };
  }

  static Map<String, Said> said(String text) {
    Map<String, Said> answers = new LinkedHashMap<>();
    for (String line : text.lines().toList()) {
      String[] parts = line.split("\t", -1);
      if (parts.length == 3) {
        answers.put(parts[0], new Said(parts[1], Long.parseLong(parts[2])));
      }
    }
    return answers;
  }

  /** The doors in the order of their ports. */
  static List<String> doors() {
    return Shell.must(PROGRAMS.resolve("attack").toString(), "list").lines().toList();
  }

  /** The recording sink as a program of this machine. */
  static Path recorder() {
    return PROGRAMS.resolve("sink");
  }

  /** A process of the host that ends with the ground. */
  void background(List<String> command) {
    try {
      processes.add(
          new ProcessBuilder(command)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start());
    } catch (IOException e) {
      throw new LabException("cannot start " + command + ": " + e.getMessage(), e);
    }
  }

  /** The attacker as a program of this machine. */
  static Path attacker() {
    return PROGRAMS.resolve("attack");
  }

  /** Replaces the host's policy file and waits until the generation that holds it is in force. */
  void policy(String... lines) {
    Path file = agent.policyDirectory().resolve("test.policy");
    long before = generation();
    try {
      String content = String.join("\n", lines) + "\n";
      if (Files.exists(file) && Files.readString(file).equals(content)) {
        return;
      }
      Path fresh = agent.policyDirectory().resolve("test.new");
      Files.writeString(fresh, content);
      Files.move(
          fresh,
          file,
          java.nio.file.StandardCopyOption.ATOMIC_MOVE,
          java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new LabException("cannot write " + file + ": " + e.getMessage(), e);
    }
    Await.until("the policy is in force", SOON, () -> generation() > before);
  }

  long generation() {
    return agent.api("/v1/status").getAsJsonObject().get("generation").getAsLong();
  }

  /** Starts the agent again with this value in its configuration. */
  void configure(String key, JsonElement value) {
    agent.stop();
    agent.configure(key, value);
    agent.start();
  }

  /** The endpoint's report, an empty object if there is none. */
  JsonObject endpoint(String name) {
    for (JsonElement element : agent.api("/v1/endpoints").getAsJsonArray()) {
      if (element.getAsJsonObject().get("name").getAsString().equals(name)) {
        return element.getAsJsonObject();
      }
    }
    return new JsonObject();
  }

  boolean hasProblem(String container, String code) {
    for (JsonElement element : agent.api("/v1/problems").getAsJsonArray()) {
      JsonObject problem = element.getAsJsonObject();
      if (problem.get("code").getAsString().equals(code)
          && problem.get("container").getAsString().equals(container)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    processes.forEach(Process::destroyForcibly);
    agent.keepLogs(Path.of("target/ground.log"));
    lab.close();
  }
}
