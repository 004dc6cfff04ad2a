package dev.drawbridge.testkit.scenario;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** The rows that take more than one question. */
final class Deeds {
  private static final int RACES = 200;
  private static final int AT_ONCE = 4;
  private static final int EPERM = 1;

  private Deeds() {}

  static Observation recreateDbAndGet(Stage stage) {
    stage.remove("db");
    stage.startDb(11);
    return stage.ask("api", "db", "-4", "GET", "/users");
  }

  static Observation strangerAtOldAddress(Stage stage) {
    String old = stage.address("api");
    stage.remove("api");
    stage.remove("stranger");
    stage.startCaller("stranger", "app=stranger", 20);
    if (!stage.address("stranger").equals(old)) {
      throw new LabException("the stranger did not get " + old);
    }
    Observation observation = stage.ask("stranger", "db", "-4", "GET", "/users");
    stage.startCaller("api", "app=api", 21);
    return observation;
  }

  static Observation brokenLabel(Stage stage) {
    Docker docker = stage.docker();
    String key = "drawbridge.policy.read";
    Output output =
        docker.run(
            "run",
            "--rm",
            "--name",
            "broken",
            "--network",
            Stage.NETWORK,
            "--label",
            "app=broken",
            "--label",
            key + "=app=api may GTE /users",
            LabImage.NAME,
            "/bin/echo",
            "it runs");
    docker.run("rm", "-f", "broken");
    String said = sentence(output);
    if (output.ok() || output.out().contains("it runs")) {
      return new Observation("started", said);
    }
    // "app=api may " is twelve characters long, so the fault is at column 13.
    boolean names = said.contains(key) && said.contains("13") && said.contains("GET");
    return new Observation(
        names ? "not started: label, column and fix named" : "not started", said);
  }

  static Observation firstPacketRace(Stage stage) {
    Docker docker = stage.docker();
    String db = stage.address("db");
    long acceptedBefore = stage.accepted("db");
    long arrivedBefore = stage.arrived("db");
    List<Output> outputs = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE)) {
      List<Future<Output>> starts = new ArrayList<>();
      for (int i = 0; i < RACES; i++) {
        starts.add(
            pool.submit(() ->
                docker.run(
                    "run",
                    "--rm",
                    "--network",
                    Stage.NETWORK,
                    "--label",
                    "app=stranger",
                    LabImage.NAME,
                    "/bin/knock",
                    db,
                    "80")));
      }
      for (Future<Output> start : starts) {
        outputs.add(start.get());
      }
    } catch (ExecutionException e) {
      throw new LabException("a start failed: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted", e);
    }
    long refused = outputs.stream().filter(o -> o.status() == EPERM).count();
    // The second look at the counter is a connection itself.
    long connections = stage.accepted("db") - acceptedBefore - 1;
    long arrived = Math.max(connections, stage.arrived("db") - arrivedBefore);
    String odd =
        outputs.stream()
            .filter(o -> o.status() != EPERM)
            .findFirst()
            .map(o -> "exit " + o.status() + ": " + o.text())
            .orElse("EPERM each time");
    return new Observation(refused + " refused, " + arrived + " arrived", odd);
  }

  static Observation killAgentAndAskAsStranger(Stage stage) {
    stage.rememberProcesses();
    stage.theAgent().kill();
    return stage.ask("stranger", "db", "-4", "GET", "/users");
  }

  static Observation engineFlowWithoutAgent(Stage stage) {
    Observation observation = stage.ask("api", "db", "-4", "GET", "/users");
    boolean closed =
        !observation.actual().startsWith("200")
            && observation.actual().endsWith(", nothing arrived");
    stage.forget(Question.request("api", "db", "GET", "/users"));
    return closed
        ? new Observation("fails closed, nothing arrived", observation.actual())
        : observation;
  }

  static Observation startWithoutAgent(Stage stage) {
    Docker docker = stage.docker();
    Output output =
        docker.run(
            "run",
            "--rm",
            "--name",
            "late",
            "--network",
            Stage.NETWORK,
            "--label",
            "app=late",
            LabImage.NAME,
            "/bin/echo",
            "it runs");
    docker.run("rm", "-f", "late");
    String said = sentence(output);
    if (output.ok() || output.out().contains("it runs")) {
      return new Observation("started", said);
    }
    boolean says = said.contains("drawbridge") && said.contains("agent");
    return new Observation(says ? "not started: one sentence says why" : "not started", said);
  }

  /** The part of the engine's complaint that is ours, if it has one. */
  private static String sentence(Output output) {
    String text = output.text().replaceAll("\\s+", " ");
    int ours = text.indexOf("drawbridge:");
    return ours < 0 ? text : text.substring(ours);
  }

  static Observation restartAgentAndGet(Stage stage) {
    stage.theAgent().start();
    // Ready means that the containers have been adopted. No grace: the first question counts.
    long began = System.nanoTime();
    Observation first = stage.ask("api", "db", "-4", "GET", "/users");
    long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
    return new Observation(
        first.actual(),
        first.why()
            + "; the agent was ready in "
            + stage.theAgent().readyMillis()
            + " ms, and this took "
            + took
            + " ms");
  }

  static Observation nothingRestarted(Stage stage) {
    List<String> changed = stage.restartedSinceRemembered();
    return new Observation(
        changed.isEmpty() ? "nothing restarted" : "restarted: " + changed,
        "State.Pid and State.StartedAt of every container");
  }

  static Observation verdictsAgree(Stage stage) {
    List<String> differences = new ArrayList<>();
    for (Map.Entry<Question, Boolean> entry : stage.asked().entrySet()) {
      Question question = entry.getKey();
      Output output = stage.theAgent().client(clientArguments(question));
      String said = decision(output);
      if (!said.equalsIgnoreCase(entry.getValue() ? "ALLOW" : "DENY")) {
        differences.add(
            question.words()
                + ": wire "
                + (entry.getValue() ? "allowed" : "denied")
                + ", verdict "
                + said);
      }
    }
    int all = stage.asked().size();
    return differences.isEmpty() && all > 0
        ? new Observation("the wire's answer each time", all + " questions")
        : new Observation(
            differences.size() + " of " + all + " differ", String.join("; ", differences));
  }

  private static String[] clientArguments(Question question) {
    List<String> arguments =
        new ArrayList<>(
            List.of("verdict", "--json", "--from", question.from(), "--to", question.to()));
    arguments.addAll(List.of("--port", Integer.toString(question.port())));
    if (!question.method().isEmpty()) {
      arguments.addAll(List.of("--method", question.method(), "--path", question.path()));
    }
    return arguments.toArray(String[]::new);
  }

  private static String decision(Output output) {
    try {
      return JsonParser.parseString(output.out()).getAsJsonObject().get("verdict").getAsString();
    } catch (JsonParseException | IllegalStateException | NullPointerException e) {
      return "exit " + output.status() + ": " + output.text();
    }
  }

  static Observation oneRecordPerRequest(Stage stage) {
    int before = stage.requestRecords("api", "db").size();
    for (int i = 0; i < 5; i++) {
      stage.ask("api", "db", "-4", "GET", "/users");
      stage.ask("api", "db", "-4", "GET", "/admin");
    }
    // A record is written after the answer's last byte.
    Await.within(
        Duration.ofSeconds(5), () -> stage.requestRecords("api", "db").size() >= before + 10);
    List<JsonElement> records = stage.requestRecords("api", "db").asList();
    Set<String> ids = new HashSet<>();
    String last = "";
    for (JsonElement element : records.subList(Math.min(before, records.size()), records.size())) {
      JsonObject flow = element.getAsJsonObject();
      ids.add(flow.get("requestId").getAsString());
      last = flow.get("verdict").getAsString() + " " + flow.get("reason").getAsString();
    }
    return new Observation(
        (records.size() - before) + " records, " + ids.size() + " request ids",
        "the last one: " + last);
  }
}
