package dev.drawbridge.testkit;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The agent as its own process on a lab's host, with sockets, state, BPF file system and cgroup of
 * its own, registered with the lab's engine. It can be killed and started again.
 */
public final class LabAgent implements AutoCloseable {
  /** What the shim waits by itself ({@code frame.h}); longer only where the machine is slow. */
  private static final Duration SHIM_CONNECT = Duration.ofSeconds(2);

  private static final Duration SHIM_TOTAL = Duration.ofSeconds(8);

  /** What the agent gives one container's start ({@code startSeconds}). */
  private static final Duration AGENT = Duration.ofSeconds(6);

  private static final Duration READY = Duration.ofSeconds(60);
  private static final Pattern READY_LINE = Pattern.compile("ready in (\\d+) ms");

  private final EngineLab lab;
  private final Distribution distribution;
  private final Path directory;
  private final List<String> exempt;
  private final Map<String, String> environment;
  private final List<String> confinement;
  private @Nullable LabDaemon process;
  private int starts;

  /** Shims before other runtimes than runc, by the name that the engine knows them by. */
  private final Map<String, Path> others = new TreeMap<>();

  private LabAgent(
      EngineLab lab,
      Distribution distribution,
      List<String> exempt,
      Map<String, String> environment,
      List<String> confinement) {
    this.exempt = exempt;
    this.confinement = confinement;
    this.environment = new HashMap<>(environment);
    this.environment.put("DRAWBRIDGE_JAVA_HOME", System.getProperty("java.home"));
    this.lab = lab;
    this.distribution = distribution;
    this.directory = lab.directory().resolve("agent");
  }

  /** Starts the agent beside the lab's engine and makes its runtime the engine's default one. */
  public static LabAgent start(EngineLab lab, Distribution distribution) {
    return start(lab, distribution, List.of());
  }

  /**
   * As {@link #start(EngineLab, Distribution)}; containers that {@code exempt} names start
   * unguarded.
   */
  public static LabAgent start(EngineLab lab, Distribution distribution, List<String> exempt) {
    LabAgent agent = new LabAgent(lab, distribution, exempt, Map.of(), List.of());
    return begin(agent);
  }

  /** As {@link #start(EngineLab, Distribution)}, with options of its JVM. */
  public static LabAgent startWith(EngineLab lab, Distribution distribution, String options) {
    return begin(
        new LabAgent(
            lab, distribution, List.of(), Map.of("DRAWBRIDGE_JAVA_OPTIONS", options), List.of()));
  }

  /** As {@link #start(EngineLab, Distribution)}, by a command that takes rights from the agent. */
  public static LabAgent startConfined(
      EngineLab lab, Distribution distribution, List<String> confinement) {
    return begin(new LabAgent(lab, distribution, List.of(), Map.of(), confinement));
  }

  /**
   * Starts an agent that records a training run into the given AOT cache; {@link #close()} writes
   * it.
   */
  public static LabAgent train(EngineLab lab, Distribution distribution, Path cache) {
    return begin(
        new LabAgent(
            lab,
            distribution,
            List.of(),
            Map.of("DRAWBRIDGE_AOT_OUTPUT", cache.toString()),
            List.of()));
  }

  private static LabAgent begin(LabAgent agent) {
    EngineLab lab = agent.lab;
    lab.addTenant(agent);
    agent.writeConfiguration();
    agent.start();
    agent.register("drawbridge");
    return agent;
  }

  private Path at(String name) {
    return directory.resolve(name);
  }

  private void writeConfiguration() {
    JsonObject json = new JsonObject();
    json.addProperty("runDir", directory.toString());
    json.addProperty("stateDir", at("state").toString());
    json.addProperty("bpffs", at("bpf").toString());
    json.addProperty("dockerSocket", lab.socket().toString());
    json.addProperty("dataRoot", lab.dataRoot().toString());
    json.addProperty("hookSocket", hookSocket().toString());
    json.addProperty("hookProgram", distribution.hook().toString());
    json.addProperty("apiSocket", apiSocket().toString());
    json.addProperty("apiTcp", "");
    json.addProperty("policyDir", policyDirectory().toString());
    json.addProperty("cgroup", lab.id() + "-agent");
    json.addProperty("startSeconds", Await.patient(AGENT).toSeconds());
    JsonArray names = new JsonArray();
    exempt.forEach(names::add);
    json.add("exempt", names);
    try {
      for (String name : List.of("state", "bpf", "policy.d")) {
        Files.createDirectories(at(name));
      }
      Files.writeString(at("agent.json"), json.toString());
      writeShim(directory, "");
    } catch (IOException e) {
      throw new LabException("cannot write the agent's configuration: " + e.getMessage(), e);
    }
  }

  /** The agent's configuration file, as it is. */
  public Path configuration() {
    return at("agent.json");
  }

  /** Changes one key of the configuration file, which the agent does not notice by itself. */
  public void configure(String key, JsonElement value) {
    change(json -> json.add(key, value));
  }

  /** Ends the agent, changes its configuration, and starts it again. */
  public void restartWith(Consumer<JsonObject> change) {
    stop();
    change(change);
    start();
  }

  private void change(Consumer<JsonObject> change) {
    try {
      JsonObject json = JsonParser.parseString(Files.readString(configuration())).getAsJsonObject();
      change.accept(json);
      Files.writeString(configuration(), json.toString());
    } catch (IOException e) {
      throw new LabException("cannot change " + configuration() + ": " + e.getMessage(), e);
    }
  }

  /** SIGHUP: has the agent read its configuration again. */
  public void hangUp() {
    Output said = Shell.run("kill", "-HUP", Long.toString(pid()));
    if (!said.ok()) {
      throw new LabException("no SIGHUP to the agent: " + said.text());
    }
  }

  /** The shim reads shim.conf beside itself, so this lab has a shim of its own. */
  private void writeShim(Path place, String more) throws IOException {
    Files.copy(
        distribution.runtime(),
        place.resolve("drawbridge-runc"),
        StandardCopyOption.COPY_ATTRIBUTES);
    Files.writeString(
        place.resolve("shim.conf"),
        """
        socket=%s
        exempt_dir=%s
        connect_timeout_ms=%d
        total_timeout_ms=%d
        agent_wait_ms=0
        %s
        """
            .formatted(
                hookSocket(),
                at("exempt"),
                Await.patient(SHIM_CONNECT).toMillis(),
                Await.patient(SHIM_TOTAL).toMillis(),
                more));
  }

  /**
   * Makes the shim known to the engine once more, by this name and in front of another runtime than
   * runc: {@code docker run --runtime NAME}.
   */
  public void registerBefore(String name, String program) {
    try {
      Path place = Files.createDirectories(at(name));
      writeShim(place, "runtime=" + program);
      others.put(name, place.resolve("drawbridge-runc"));
    } catch (IOException e) {
      throw new LabException("cannot write a shim for " + program + ": " + e.getMessage(), e);
    }
    register("drawbridge");
  }

  /** Makes the given runtime the engine's default one: {@code drawbridge} or {@code runc}. */
  public void register(String defaultRuntime) {
    JsonObject runtimes = new JsonObject();
    runtimes.add("drawbridge", runtime(shim()));
    others.forEach((name, path) -> runtimes.add(name, runtime(path)));
    JsonObject daemon = new JsonObject();
    daemon.add("runtimes", runtimes);
    daemon.addProperty("default-runtime", defaultRuntime);
    lab.configure(daemon);
    lab.reload();
  }

  private static JsonObject runtime(Path path) {
    JsonObject runtime = new JsonObject();
    runtime.addProperty("path", path.toString());
    return runtime;
  }

  /** Starts the process and waits until it says that it is ready. */
  public void start() {
    launch().ready(READY, this::ready);
  }

  /** Starts the process and does not wait, for whoever kills it before it is ready. */
  public void startAndLeave() {
    launch();
  }

  private boolean ready() {
    return READY_LINE.matcher(process().log()).find() && Files.exists(apiSocket());
  }

  private LabDaemon launch() {
    starts++;
    List<String> command = new ArrayList<>(confinement);
    command.addAll(
        List.of(distribution.agent().toString(), "--config", at("agent.json").toString()));
    LabDaemon daemon =
        LabDaemon.start(
            "agent" + starts, directory, environment, lab.onHost(command.toArray(String[]::new)));
    process = daemon;
    return daemon;
  }

  private LabDaemon process() {
    LabDaemon daemon = process;
    if (daemon == null) {
      throw new LabException("the agent was never started");
    }
    return daemon;
  }

  /**
   * Has the agent give its place to another of the same program, as an upgrade does. Returns when
   * that one has it; the former ends by itself.
   *
   * @return the former's process
   */
  public ProcessHandle handOver() {
    ProcessHandle former = ProcessHandle.of(pid()).orElseThrow();
    Output said =
        Shell.run(
            Await.patient(READY),
            environment,
            lab.onHost(
                distribution.agent().toString(),
                "--hand-over",
                "--config",
                at("agent.json").toString()));
    if (!said.ok()) {
      throw new LabException("nobody took over: " + said.text() + "\n" + process().lastWords());
    }
    process = process().succeededBy(owner());
    return former;
  }

  /** The process that works with the pins. */
  private ProcessHandle owner() {
    try {
      String name = Files.readSymbolicLink(at("bpf/drawbridge/owner")).toString();
      return ProcessHandle.of(Long.parseLong(name.split("-", 2)[0])).orElseThrow();
    } catch (IOException e) {
      throw new LabException("nobody works with the pins: " + e.getMessage(), e);
    }
  }

  /** Has hooks wait for an agent that is not there, for so long. */
  public void hooksWait(Duration patience) {
    try {
      Path file = at("shim.conf");
      Files.writeString(
          file,
          Files.readString(file)
              .replace("agent_wait_ms=0", "agent_wait_ms=" + patience.toMillis()));
    } catch (IOException e) {
      throw new LabException("cannot change shim.conf: " + e.getMessage(), e);
    }
  }

  /** SIGKILL: nothing is tidied. */
  public void kill() {
    process().kill();
  }

  /** SIGTERM: an orderly end. What is pinned stays. */
  public void stop() {
    process().stop();
  }

  public Distribution distribution() {
    return distribution;
  }

  public long pid() {
    return process().pid();
  }

  /** What the agent itself measured from its start until it was ready. */
  public int readyMillis() {
    Matcher line = READY_LINE.matcher(process().log());
    if (!line.find()) {
      throw new LabException("the agent never said that it was ready");
    }
    return Integer.parseInt(line.group(1));
  }

  /** What the agent has written since its last start. */
  public String log() {
    return process().log();
  }

  /**
   * Keeps the logs of agent and engine beyond the lab's end, for whoever looks for the reason of a
   * failure.
   */
  public void keepLogs(Path target) {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.walk(lab.directory(), 2)) {
      for (Path log : files.filter(file -> file.toString().endsWith(".log")).sorted().toList()) {
        all.append("==== ").append(log).append('\n').append(Files.readString(log)).append('\n');
      }
      Files.createDirectories(target.toAbsolutePath().getParent());
      Files.writeString(target, all);
    } catch (IOException e) {
      throw new LabException("cannot keep the logs in " + target + ": " + e.getMessage(), e);
    }
  }

  /** The shim before runc, with this lab's configuration beside it. */
  public Path shim() {
    return at("drawbridge-runc");
  }

  public Path hookSocket() {
    return at("hook.sock");
  }

  public Path apiSocket() {
    return at("api.sock");
  }

  public Path policyDirectory() {
    return at("policy.d");
  }

  /** Asks the local API, as {@code curl} would. */
  public JsonElement api(String target) {
    Output output = asked(target);
    try {
      if (output.ok()) {
        return JsonParser.parseString(output.out());
      }
    } catch (JsonParseException e) {
      throw new LabException("the API's answer to " + target + " is not JSON: " + output.out(), e);
    }
    throw new LabException("the API does not answer to " + target + ": " + output.text());
  }

  private Output asked(String target) {
    return Shell.run(
        "curl",
        "-sS",
        "-m",
        "10",
        "--unix-socket",
        apiSocket().toString(),
        "http://localhost" + target);
  }

  /** What the agent counts, in the text that Prometheus reads. */
  public String metrics() {
    Output output = asked("/metrics");
    if (!output.ok()) {
      throw new LabException("the API does not tell its metrics: " + output.text());
    }
    return output.out();
  }

  /** Encodes a parameter's value for {@link #api}. */
  public static String parameter(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** The command line client, as a user would type it. */
  public Output client(String... arguments) {
    List<String> command = new ArrayList<>(List.of(distribution.client().toString()));
    command.addAll(List.of(arguments));
    Map<String, String> environment =
        Map.of(
            "DRAWBRIDGE_JAVA_HOME",
            System.getProperty("java.home"),
            "DRAWBRIDGE_API_SOCKET",
            apiSocket().toString());
    return Shell.run(Shell.DEADLINE, environment, command);
  }

  @Override
  public void close() {
    LabDaemon daemon = process;
    if (daemon != null) {
      daemon.stop();
    }
  }
}
