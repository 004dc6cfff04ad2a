package dev.drawbridge.testkit.scenario;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.LabNetwork;
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
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The containers of the scenario and everything its rows do with them. The agent is optional:
 * without one the same rows show what a plain engine does.
 */
public final class Stage {
  static final String NETWORK = "lab";
  private static final String SUBNET = "10.214.9.";
  private static final String SUBNET6 = "fd00:db:9::";
  private static final Duration ANSWER = Duration.ofSeconds(20);

  private final EngineLab lab;
  private final Docker docker;
  private final Optional<LabAgent> agent;
  private final AtomicInteger questions = new AtomicInteger();
  private final Map<Question, Boolean> asked = new LinkedHashMap<>();
  private Map<String, String> processes = Map.of();

  private Stage(EngineLab lab, Optional<LabAgent> agent) {
    this.lab = lab;
    this.docker = lab.docker();
    this.agent = agent;
  }

  /** Makes the network and the four containers of the first row. The image must be there. */
  public static Stage set(EngineLab lab, Optional<LabAgent> agent) {
    Stage stage = new Stage(lab, agent);
    stage.docker.must(
        "network",
        "create",
        "--ipv6",
        "--subnet",
        SUBNET + "0/24",
        "--subnet",
        SUBNET6 + "/64",
        NETWORK);
    stage.startDb(10);
    stage.startWeb();
    stage.startCaller("api", "app=api", 20);
    stage.startCaller("stranger", "app=stranger", 30);
    return stage;
  }

  Docker docker() {
    return docker;
  }

  /** A place for what a chapter makes; gone with the lab. */
  Path work(String name) {
    return lab.directory().resolve(name);
  }

  /** The engine's laboratory, for what a chapter brings along. */
  EngineLab lab() {
    return lab;
  }

  Optional<LabAgent> agent() {
    return agent;
  }

  LabAgent theAgent() {
    return agent.orElseThrow(() -> new LabException("there is no agent on this stage"));
  }

  /** Every question that a row put on the wire, and whether it was allowed. */
  Map<Question, Boolean> asked() {
    return Map.copyOf(asked);
  }

  /**
   * A question that was asked while nobody could have answered is not held against the verdicts.
   */
  void forget(Question question) {
    asked.remove(question);
  }

  void rememberProcesses() {
    processes = processes();
  }

  List<String> restartedSinceRemembered() {
    Map<String, String> now = processes();
    return processes.entrySet().stream()
        .filter(before -> !before.getValue().equals(now.get(before.getKey())))
        .map(Map.Entry::getKey)
        .toList();
  }

  private Map<String, String> processes() {
    Map<String, String> found = new LinkedHashMap<>();
    for (String name : List.of("db", "web", "api", "stranger")) {
      found.put(
          name, docker.inspect(name, "{{.State.Running}} {{.State.Pid}} {{.State.StartedAt}}"));
    }
    return found;
  }

  void startDb(int number) {
    startServer(
        "db",
        number,
        18080,
        List.of(
            "app=db",
            "drawbridge.policy.read=app=api may GET /users",
            "drawbridge.policy.sql=app=api may connect 5432/tcp"));
  }

  private void startWeb() {
    startServer(
        "web",
        40,
        18081,
        List.of(
            "app=web",
            "drawbridge.policy.health=host may GET /health",
            "drawbridge.policy.public=world may GET /public"));
  }

  private void startServer(String name, int number, int publishedPort, List<String> labels) {
    List<String> options = new ArrayList<>(List.of("-p", publishedPort + ":80"));
    labels.forEach(label -> options.addAll(List.of("--label", label)));
    start(name, number, options, "/bin/db");
    Await.until(
        name + " serves",
        ANSWER,
        () ->
            docker
                .run("exec", name, "curl", "-s", "-o", "/dev/null", "http://127.0.0.1:8081/")
                .ok());
  }

  void startCaller(String name, String label, int number) {
    start(name, number, List.of("--label", label), "/bin/asker");
    Await.until(name + " listens", ANSWER, () -> Files.exists(shared(name).resolve("ask")));
  }

  private void start(String name, int number, List<String> options, String command) {
    Path shared = shared(name);
    try {
      Files.createDirectories(shared);
    } catch (IOException e) {
      throw new LabException("cannot create " + shared + ": " + e.getMessage(), e);
    }
    List<String> run =
        new ArrayList<>(
            List.of(
                "run",
                "-d",
                "--name",
                name,
                "--network",
                NETWORK,
                "--ip",
                SUBNET + number,
                "--ip6",
                SUBNET6 + number));
    run.addAll(List.of("-v", shared + ":/lab", "--stop-timeout", "2"));
    run.addAll(options);
    run.addAll(List.of(LabImage.NAME, command));
    docker.must(run.toArray(String[]::new));
  }

  void remove(String name) {
    docker.must("rm", "-f", name);
  }

  private Path shared(String name) {
    return lab.directory().resolve("shared").resolve(name);
  }

  String address(String name) {
    return docker.inspect(
        name, "{{(index .NetworkSettings.Networks \"" + NETWORK + "\").IPAddress}}");
  }

  private String address6(String name) {
    return docker.inspect(
        name, "{{(index .NetworkSettings.Networks \"" + NETWORK + "\").GlobalIPv6Address}}");
  }

  /** How many requests the server itself has logged. */
  long arrived(String server) {
    try (Stream<String> lines = Files.lines(shared(server).resolve("access.log"))) {
      return lines.count();
    } catch (IOException e) {
      throw new LabException("cannot read what arrived at " + server + ": " + e.getMessage(), e);
    }
  }

  /** Connections that the server's accept(2) has returned, this question's own included. */
  long accepted(String server) {
    String status = docker.must("exec", server, "curl", "-s", "http://127.0.0.1:8081/");
    return Long.parseLong(status.lines().toList().get(2).strip().split(" +", -1)[0]);
  }

  /** The container's own first process asks. {@code family} is {@code -4} or {@code -6}. */
  Observation ask(String caller, String callee, String family, String method, String path) {
    return ask(caller, Question.request(caller, callee, method, path), family);
  }

  Observation ask(String caller, Question question, String family) {
    return judge(
        question,
        caller,
        () ->
            asker(
                caller,
                curl(
                    family,
                    question.method().isEmpty() ? "GET" : question.method(),
                    url(question.to(), question))));
  }

  /** A process that {@code docker exec} starts in the container asks. */
  Observation exec(String caller, String callee, String method, String path) {
    Question question = Question.request(caller, callee, method, path);
    List<String> command = new ArrayList<>(List.of("exec", caller));
    command.addAll(List.of(curl("-4", method, url(callee, question)).split(" ")));
    return judge(question, caller, () -> Reply.of(docker.run(command.toArray(String[]::new))));
  }

  /** A process of the host asks the container at its own address. */
  Observation askFromHost(String callee, String method, String path) {
    Question question = Question.request("host", callee, method, path);
    String[] curl = curl("-4", method, url(address(callee), question)).split(" ");
    return judge(
        question, "", () -> Reply.of(Shell.run(lab.network().onHost(curl).toArray(String[]::new))));
  }

  /** A remote machine asks a port that the container publishes on the host. */
  Observation askFromWorld(String callee, int publishedPort, String method, String path) {
    Question question = Question.request("world", callee, method, path);
    String url = "http://" + LabNetwork.HOST_ADDRESS + ":" + publishedPort + path;
    String[] curl = curl("-4", method, url).split(" ");
    return judge(
        question,
        "",
        () -> Reply.of(Shell.run(lab.network().inWorld(curl).toArray(String[]::new))));
  }

  private static String curl(String family, String method, String url) {
    return Reply.CURL + " " + family + " -X " + method + " " + url;
  }

  private static String url(String host, Question question) {
    return "http://"
        + host
        + (question.port() == 80 ? "" : ":" + question.port())
        + question.path();
  }

  private Reply asker(String caller, String command) {
    String number = Integer.toString(questions.incrementAndGet());
    Path shared = shared(caller);
    try {
      // In shell, a backslash before n must survive.
      Files.writeString(
          shared.resolve("ask"), number + " " + command.replace("\\n", "\\\\n") + "\n");
      Path status = shared.resolve(number + ".status");
      Await.until(caller + " has asked", ANSWER, () -> Files.exists(status));
      return Reply.of(
          new Output(
              Integer.parseInt(Files.readString(status).strip()),
              Files.readString(shared.resolve(number + ".out")),
              Files.readString(shared.resolve(number + ".err"))));
    } catch (IOException e) {
      throw new LabException("cannot talk to " + caller + ": " + e.getMessage(), e);
    }
  }

  /** A caller of the host or the world has no address that must be seen. */
  private Observation judge(Question question, String caller, Supplier<Reply> asking) {
    Witness witness =
        new Witness(
            () -> arrived(question.to()),
            seen -> caller.isEmpty() ? "" : Witness.seen(seen, address(caller), address6(caller)));
    return witness.judge(
        () -> {
          Reply reply = asking.get();
          asked.put(question, reply.status() == 200);
          return reply;
        },
        () -> explain(question));
  }

  /** What the agent says about it, if there is one that answers. */
  String explain(Question question) {
    if (agent.isEmpty()) {
      return "";
    }
    try {
      JsonObject verdict = verdict(question);
      String rule = "";
      if (verdict.has("rule") && verdict.get("rule").isJsonObject()) {
        rule = verdict.getAsJsonObject("rule").get("text").getAsString();
      }
      if (verdict.has("sentence")) {
        return verdict.get("sentence").getAsString() + (rule.isEmpty() ? "" : ": " + rule);
      }
      return verdict.toString();
    } catch (LabException e) {
      return "the agent does not answer; what it attached goes on";
    }
  }

  private JsonObject verdict(Question question) {
    StringBuilder target =
        new StringBuilder("/v1/verdict?from=").append(LabAgent.parameter(question.from()));
    target
        .append("&to=")
        .append(LabAgent.parameter(question.to()))
        .append("&port=")
        .append(question.port());
    if (!question.method().isEmpty()) {
      target
          .append("&method=")
          .append(question.method())
          .append("&path=")
          .append(LabAgent.parameter(question.path()));
    }
    return theAgent().api(target.toString()).getAsJsonObject();
  }

  /** The records of requests from one container to another. */
  JsonArray requestRecords(String caller, String callee) {
    JsonArray all = theAgent().api("/v1/flows?last=5000&container=" + caller).getAsJsonArray();
    JsonArray requests = new JsonArray();
    all.forEach(element -> {
      JsonObject flow = element.getAsJsonObject();
      boolean request = flow.get("protocol").getAsString().startsWith("http");
      if (request
          && flow.getAsJsonObject("from").get("name").getAsString().equals(caller)
          && flow.getAsJsonObject("to").get("name").getAsString().equals(callee)) {
        requests.add(flow);
      }
    });
    return requests;
  }
}
