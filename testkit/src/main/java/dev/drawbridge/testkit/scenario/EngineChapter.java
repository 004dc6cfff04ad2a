package dev.drawbridge.testkit.scenario;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The short story by another engine than Docker: a {@code db} lets an {@code api} GET /users, a
 * {@code stranger} is in nobody's sentence, and {@code db} comes back at another address.
 */
final class EngineChapter {
  private static final Duration SERVES = Duration.ofSeconds(20);
  private static final String SERVED = "200";
  private static final String FORBIDDEN = "403, nothing arrived";
  private static final String REFUSED = "refused at connect, nothing arrived";
  private static final int FIRST = 80;
  private static final int API = 81;
  private static final int STRANGER = 82;
  private static final int SECOND = 83;

  private final Stage stage;
  private final OtherEngine.Containers containers;
  private final String prefix;
  private int at = FIRST;

  private EngineChapter(Stage stage, OtherEngine engine) {
    this.stage = stage;
    this.containers = engine.open(stage);
    this.prefix = engine.prefix();
  }

  static List<Row> rows(OtherEngine engine) {
    @Nullable EngineChapter[] begun = new EngineChapter[1];
    String number = engine.chapter();
    String api = engine.prefix() + "api";
    String stranger = engine.prefix() + "stranger";
    String db = engine.prefix() + "db";
    return List.of(
        new Row(
            number + "a",
            api,
            db,
            "GET /users",
            SERVED,
            stage -> {
              begun[0] = begin(stage, engine);
              return in(begun).ask(api, "/users");
            }),
        new Row(number + "b", api, db, "GET /admin", FORBIDDEN, _ -> in(begun).ask(api, "/admin")),
        new Row(
            number + "c",
            stranger,
            db,
            "GET /users",
            REFUSED,
            _ -> in(begun).ask(stranger, "/users")),
        new Row(
            number + "d",
            api,
            db,
            "GET /users, db back elsewhere",
            SERVED,
            _ -> {
              in(begun).moveDb();
              return in(begun).ask(api, "/users");
            }),
        new Row(
            number + "e",
            stranger,
            db,
            "GET /users, db back elsewhere",
            REFUSED,
            _ -> in(begun).ask(stranger, "/users")));
  }

  /** The chapter whose first row was told. */
  private static EngineChapter in(@Nullable EngineChapter[] begun) {
    EngineChapter chapter = begun[0];
    if (chapter == null) {
      throw new LabException("the chapter did not begin");
    }
    return chapter;
  }

  private static EngineChapter begin(Stage stage, OtherEngine engine) {
    EngineChapter chapter = new EngineChapter(stage, engine);
    chapter.startDb();
    for (String caller : List.of("api", "stranger")) {
      String name = chapter.prefix + caller;
      int last = caller.equals("api") ? API : STRANGER;
      chapter.containers.start(name, last, "exec /bin/sleep 100000", List.of("app=" + name));
    }
    return chapter;
  }

  private void startDb() {
    String rule = "drawbridge.policy.read=app=" + prefix + "api may GET /users";
    String db = prefix + "db";
    containers.start(db, at, "mkdir -p /lab; exec /bin/db", List.of("app=" + db, rule));
    Await.until(
        db + " serves",
        SERVES,
        () -> containers.exec(db, "curl", "-s", "-o", "/dev/null", "http://127.0.0.1:8081/").ok());
  }

  private void moveDb() {
    containers.remove(prefix + "db");
    at = SECOND;
    startDb();
  }

  private Observation ask(String caller, String path) {
    String db = prefix + "db";
    String url = "http://" + containers.address(at) + path;
    long before = containers.arrived(db);
    Reply reply = Reply.of(containers.exec(caller, (Reply.CURL + " " + url).split(" ", -1)));
    String why = stage.explain(Question.request(caller, db, "GET", path));
    if (reply.status() == 200) {
      return new Observation(reply.words(), why);
    }
    long arrived = containers.arrived(db) - before;
    return new Observation(
        reply.words() + (arrived == 0 ? ", nothing arrived" : ", BUT " + arrived + " ARRIVED"),
        why);
  }
}
