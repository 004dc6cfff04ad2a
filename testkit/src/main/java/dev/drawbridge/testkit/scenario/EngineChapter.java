package dev.drawbridge.testkit.scenario;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The short story by another engine than Docker: a {@code db} lets an {@code api} GET /users, a
 * {@code stranger} is in nobody's sentence, {@code db} comes back at another address, and the agent
 * is killed. It needs none of the other rows.
 */
final class EngineChapter {
  private static final Duration SERVES = Duration.ofSeconds(20);
  private static final String ELSEWHERE = ", db recreated elsewhere";

  private final OtherEngine engine;
  private final Map<String, Integer> places = new HashMap<>();
  private Optional<OtherEngine.Containers> opened = Optional.empty();
  private int next = 80;

  EngineChapter(OtherEngine engine) {
    this.engine = engine;
  }

  List<Row> rows() {
    return List.of(
        row("a", "api", "GET /users", Scenario.SERVED, this::beginAndGet),
        row("b", "api", "POST /users", Scenario.FORBIDDEN, s -> ask(s, "api", "POST")),
        row("c", "stranger", "GET /users", Scenario.REFUSED, s -> ask(s, "stranger", "GET")),
        row("d", "api", "GET /users" + ELSEWHERE, Scenario.SERVED, this::moveDbAndGet),
        row(
            "e",
            "stranger",
            "GET /users" + ELSEWHERE,
            Scenario.REFUSED,
            s -> ask(s, "stranger", "GET")),
        row(
            "f",
            "stranger",
            "GET /users, agent killed",
            Scenario.REFUSED,
            stage -> {
              stage.theAgent().kill();
              return ask(stage, "stranger", "GET");
            }),
        row(
            "g",
            "api",
            "GET /users, agent back",
            Scenario.SERVED,
            stage -> {
              stage.theAgent().start();
              return ask(stage, "api", "GET");
            }));
  }

  private Row row(String letter, String caller, String request, String expected, Row.Deed deed) {
    return new Row(engine.number() + letter, name(caller), name("db"), request, expected, deed);
  }

  /** Of its own, so that no other container on the stage is meant. */
  private String name(String role) {
    return engine.prefix() + role;
  }

  private OtherEngine.Containers containers() {
    return opened.orElseThrow(() -> new LabException("the chapter did not begin"));
  }

  private Observation beginAndGet(Stage stage) {
    opened = Optional.of(engine.open(stage));
    startDb();
    startCaller("api");
    startCaller("stranger");
    return ask(stage, "api", "GET");
  }

  private Observation moveDbAndGet(Stage stage) {
    containers().remove(name("db"));
    startDb();
    return ask(stage, "api", "GET");
  }

  private void startDb() {
    String rule = "drawbridge.policy.read=app=" + name("api") + " may GET /users";
    start("db", "mkdir -p /lab; exec /bin/db", rule);
    Await.until(
        name("db") + " serves",
        SERVES,
        () ->
            containers()
                .exec(name("db"), "curl", "-s", "-o", "/dev/null", "http://127.0.0.1:8081/")
                .ok());
  }

  private void startCaller(String role) {
    start(role, "exec /bin/sleep 100000");
  }

  /** Each at an address that none had before. */
  private void start(String role, String script, String... rules) {
    int place = next++;
    places.put(role, place);
    containers().start(name(role), place, script, OtherEngine.labels(name(role), rules));
  }

  private String address(String role) {
    Integer place = places.get(role);
    if (place == null) {
      throw new LabException("there is no " + role + " in this chapter");
    }
    return containers().address(place);
  }

  private Observation ask(Stage stage, String caller, String method) {
    String db = name("db");
    String curl = Reply.CURL + " -X " + method + " http://" + address("db") + "/users";
    Witness witness =
        new Witness(() -> containers().arrived(db), seen -> Witness.seen(seen, address(caller)));
    return witness.judge(
        () -> Reply.of(containers().exec(name(caller), curl.split(" ", -1))),
        () -> stage.explain(Question.request(name(caller), db, method, "/users")));
  }
}
