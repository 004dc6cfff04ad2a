package dev.drawbridge.testkit.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The story, in order. {@code db} lets {@code app=api} GET /users and connect to 5432; {@code web}
 * lets the host GET /health and the world GET /public; {@code stranger} is in nobody's sentence.
 * The chapters about Kafka, names and other engines are {@link KafkaChapter}'s, {@link
 * NamesChapter}'s and {@link EngineChapter}'s.
 */
public final class Scenario {
  static final String SERVED = "200, own address seen";
  static final String FORBIDDEN = "403, nothing arrived";
  static final String REFUSED = "refused at connect, nothing arrived";
  private static final String RESET = "connection refused, nothing arrived";

  /**
   * What must hold wherever Drawbridge runs: allow, deny, layer 7, exec, IPv6, without the agent.
   */
  private static final Set<String> ESSENTIAL =
      Set.of(
          "1", "2", "3", "4", "5a", "8a", "8b", "9a", "9b", "9c", "12a", "12b", "12c", "12d", "13a",
          "13b", "13c", "13d");

  private Scenario() {}

  /** The rows that a slow machine is asked for; each finds what it needs without the others. */
  public static List<Row> essentialRows() {
    return rows().stream().filter(row -> ESSENTIAL.contains(row.number())).toList();
  }

  /** The whole story by Docker. */
  public static List<Row> rows() {
    List<Row> all = new ArrayList<>(story());
    all.addAll(KafkaChapter.rows());
    all.addAll(NamesChapter.rows());
    return List.copyOf(all);
  }

  private static List<Row> story() {
    return List.of(
        new Row(
            "1", "api", "db", "GET /users", SERVED, s -> s.ask("api", "db", "-4", "GET", "/users")),
        new Row(
            "2",
            "api",
            "db",
            "POST /users",
            FORBIDDEN,
            s -> s.ask("api", "db", "-4", "POST", "/users")),
        new Row(
            "3",
            "api",
            "db",
            "GET /admin",
            FORBIDDEN,
            s -> s.ask("api", "db", "-4", "GET", "/admin")),
        new Row(
            "4",
            "stranger",
            "db",
            "GET /users",
            REFUSED,
            s -> s.ask("stranger", "db", "-4", "GET", "/users")),
        new Row("5a", "host", "db", "GET /users", RESET, s -> s.askFromHost("db", "GET", "/users")),
        new Row(
            "5b",
            "world",
            "db",
            "GET /users, published port",
            RESET,
            s -> s.askFromWorld("db", 18080, "GET", "/users")),
        new Row(
            "5c",
            "host",
            "web",
            "GET /health, a rule says host",
            "200",
            s -> s.askFromHost("web", "GET", "/health")),
        new Row(
            "5d",
            "host",
            "web",
            "GET /public",
            FORBIDDEN,
            s -> s.askFromHost("web", "GET", "/public")),
        new Row(
            "5e",
            "world",
            "web",
            "GET /public, published, a rule says world",
            "200",
            s -> s.askFromWorld("web", 18081, "GET", "/public")),
        new Row(
            "5f",
            "world",
            "web",
            "GET /health, published port",
            FORBIDDEN,
            s -> s.askFromWorld("web", 18081, "GET", "/health")),
        new Row(
            "6a",
            "api",
            "db",
            "GET /users, db recreated elsewhere",
            SERVED,
            Deeds::recreateDbAndGet),
        new Row(
            "6b",
            "api",
            "db",
            "POST /users, db recreated elsewhere",
            FORBIDDEN,
            s -> s.ask("api", "db", "-4", "POST", "/users")),
        new Row(
            "7",
            "stranger",
            "db",
            "GET /users from api's old address",
            REFUSED,
            Deeds::strangerAtOldAddress),
        new Row(
            "8a",
            "api (exec)",
            "db",
            "GET /users",
            SERVED,
            s -> s.exec("api", "db", "GET", "/users")),
        new Row(
            "8b",
            "api (exec)",
            "db",
            "POST /users",
            FORBIDDEN,
            s -> s.exec("api", "db", "POST", "/users")),
        new Row(
            "9a",
            "api",
            "db",
            "GET /users, IPv6",
            SERVED,
            s -> s.ask("api", "db", "-6", "GET", "/users")),
        new Row(
            "9b",
            "api",
            "db",
            "POST /users, IPv6",
            FORBIDDEN,
            s -> s.ask("api", "db", "-6", "POST", "/users")),
        new Row(
            "9c",
            "stranger",
            "db",
            "GET /users, IPv6",
            REFUSED,
            s -> s.ask("stranger", "db", "-6", "GET", "/users")),
        new Row(
            "10",
            "docker run",
            "-",
            "label: app=api may GTE /users",
            "not started: label, column and fix named",
            Deeds::brokenLabel),
        new Row(
            "11",
            "200 strangers",
            "db",
            "connect as first instruction",
            "200 refused, 0 arrived",
            Deeds::firstPacketRace),
        new Row(
            "12a",
            "stranger",
            "db",
            "GET /users, agent killed",
            REFUSED,
            Deeds::killAgentAndAskAsStranger),
        new Row(
            "12b",
            "api",
            "db:5432",
            "connect, agent killed",
            SERVED,
            s -> s.ask("api", Question.connection("api", "db", 5432), "-4")),
        new Row(
            "12c",
            "api",
            "db",
            "GET /users, agent killed",
            "fails closed, nothing arrived",
            Deeds::engineFlowWithoutAgent),
        new Row(
            "12d",
            "docker run",
            "-",
            "a new container, agent killed",
            "not started: one sentence says why",
            Deeds::startWithoutAgent),
        new Row("13a", "api", "db", "GET /users, agent back", SERVED, Deeds::restartAgentAndGet),
        new Row(
            "13b",
            "api",
            "db",
            "POST /users, agent back",
            FORBIDDEN,
            s -> s.ask("api", "db", "-4", "POST", "/users")),
        new Row(
            "13c",
            "stranger",
            "db",
            "GET /users, agent back",
            REFUSED,
            s -> s.ask("stranger", "db", "-4", "GET", "/users")),
        new Row(
            "13d",
            "all",
            "-",
            "same processes as before",
            "nothing restarted",
            Deeds::nothingRestarted),
        new Row(
            "14a",
            "drawbridge",
            "-",
            "verdict, for every row above",
            "the wire's answer each time",
            Deeds::verdictsAgree),
        new Row(
            "14b",
            "drawbridge",
            "-",
            "observe, 5 allowed and 5 refused requests",
            "10 records, 10 request ids",
            Deeds::oneRecordPerRequest));
  }
}
