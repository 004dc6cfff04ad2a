package dev.drawbridge.cli.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonParser;
import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.cli.Drawbridge;
import dev.drawbridge.cli.FakeAgent;
import dev.drawbridge.cli.Typed;
import dev.drawbridge.cli.terminal.AgentCommand;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.policy.ask.Asked;
import dev.drawbridge.policy.ask.Who;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class AgentCommandsTest {
  @TempDir Path directory;
  private Path socket = Path.of("unset");
  private Optional<FakeAgent> agent = Optional.empty();

  @BeforeEach
  void start() throws ApiException {
    socket = directory.resolve("api.sock");
    agent = Optional.of(new FakeAgent(socket));
  }

  @AfterEach
  void stop() {
    agent().close();
  }

  private FakeAgent agent() {
    return agent.orElseThrow();
  }

  private Typed run(String... arguments) {
    return Typed.run(Map.of(AgentCommand.SOCKET_VARIABLE, socket.toString()), arguments);
  }

  @Test
  void statusOfAHealthyAgentIsYes() {
    Typed typed = run("status");
    assertEquals(0, typed.exit(), typed.err());
    assertTrue(typed.out().contains("drawbridge 0.1.0, ready"), typed.out());
    assertTrue(typed.out().contains("kernel  ok        programs loaded"), typed.out());
    assertTrue(typed.out().contains("CONTAINER  ENDPOINT  MODE     ATTACHED  CLOSED"), typed.out());
    assertTrue(typed.out().contains("2 containers, 0 problems"), typed.out());
  }

  @Test
  void statusNamesTheEngineWhereThereAreSeveralAndTheRuntimeInTheWholeTable() {
    assertFalse(run("status").out().contains("ENGINE"));
    agent().dbEngine = "containerd";
    Typed typed = run("status");
    assertTrue(typed.out().contains("ENGINE"), typed.out());
    assertTrue(typed.out().contains("containerd"), typed.out());
    assertTrue(run("status", "-v").out().contains("RUNTIME"), typed.out());
  }

  @Test
  void statusWithSomethingUnattachedIsNoAndNamesIt() {
    agent().unattached = List.of("late");
    Typed typed = run("status");
    assertEquals(1, typed.exit());
    assertTrue(typed.out().contains("NOT ENFORCED: late"), typed.out());
  }

  @Test
  void statusOfAnAgentThatIsNotReadyIsNo() {
    agent().ready = false;
    assertEquals(1, run("status").exit());
    assertEquals(1, run("status", "--wait", "--timeout", "1").exit());
  }

  @Test
  void statusWaitsForHealth() {
    agent().ready = false;
    agent().readyAtStatus = 3;
    assertEquals(0, run("status", "--wait").exit());
    assertEquals(3, agent().statuses.get());
  }

  @Test
  void statusAsJsonIsTheApis() {
    assertEquals(
        7,
        JsonParser.parseString(run("status", "-o", "json").out())
            .getAsJsonObject()
            .get("generation")
            .getAsInt());
    assertEquals(run("endpoints", "--json").out(), run("endpoints", "-o", "JSON").out());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"status", "endpoints", "problems", "observe", "verdict api db GET /users"})
  void agentThatIsNotRunningIsToldAsWhatWhereAndWhatToDo(String command) {
    List<String> arguments = new ArrayList<>(List.of(command.split(" ", -1)));
    Path nowhere = directory.resolve("nowhere.sock");
    arguments.addAll(List.of("--socket", nowhere.toString()));
    Typed typed = run(arguments.toArray(String[]::new));
    assertEquals(2, typed.exit());
    assertEquals("", typed.out());
    assertTrue(
        typed.err().contains(nowhere.toString()) && typed.err().contains("start the agent"),
        typed.err());
    assertEquals(1, typed.err().lines().count(), typed.err());
  }

  @Test
  void socketOptionOutranksTheEnvironment() {
    assertEquals(
        0,
        Typed.run(
                Map.of(AgentCommand.SOCKET_VARIABLE, "/nowhere"),
                "endpoints",
                "--socket",
                socket.toString())
            .exit());
  }

  @Test
  void verdictThatAllowsIsZeroAndNamesTheRule() {
    Typed typed = run("verdict", "api", "db", "GET", "/users");
    assertEquals(0, typed.exit(), typed.err());
    assertEquals(
        "ALLOW  api -> db  GET /users  drawbridge.policy.read of db: \"app=api may GET /users\"\n",
        typed.out());
  }

  @Test
  void verdictThatDeniesIsOneAndSaysWhy() {
    Typed typed = run("verdict", "api", "db", "POST", "/users");
    assertEquals(1, typed.exit());
    assertEquals(
        "DENY   api -> db  POST /users  no-rule: the side is closed and no rule allows it\n",
        typed.out());
  }

  @Test
  void verdictByADenyingRuleOfTheHostNamesFileAndLineAndReason() {
    Typed typed = run("verdict", "api", "db", "DELETE", "/x");
    assertEquals(1, typed.exit());
    assertEquals(
        "DENY   api -> db  DELETE /x  10-all.policy:3: \"anyone may not DELETE /**\"\n       denied-by-rule: a rule forbids it\n",
        typed.out());
  }

  @Test
  void explanationIsAskedForAndShown() {
    Typed typed = run("verdict", "api", "db", "POST", "/users", "--explain");
    assertEquals(1, typed.exit());
    assertTrue(agent().asked.getFirst().explain());
    assertEquals(
        """
        DENY   api -> db  POST /users  no-rule: the side is closed and no rule allows it
               into db: deny, no-rule: the side is closed and no rule allows it
                 nearly: drawbridge.policy.read of db: "app=api may GET /users": it is about GET
               would allow it, as a label of db: drawbridge.policy.allow: app=api may POST /users
        """,
        typed.out());
    assertFalse(run("verdict", "api", "db", "POST", "/users").out().contains("nearly"));
  }

  @Test
  void auditedVerdictSaysSo() {
    agent().audited = true;
    assertTrue(run("verdict", "api", "db", "POST", "/x").out().contains("audit mode"));
  }

  @Test
  void verdictTakesTheQuestionInEveryForm() {
    String[][] forms = {
      {"verdict", "app=api", "db", "GET", "/users"},
      {"verdict", "app=api", "->", "db", "GET", "/users"},
      {"verdict", "app=api -> db GET /users"},
      {"verdict", "--from", "app=api", "--to", "db", "--method", "GET", "--path", "/users"},
      {"verdict", "--from", "app=api", "db", "GET", "/users"},
      {"verdict", "--json", "--from", "app=api", "--to", "db", "GET", "/users"}
    };
    for (String[] form : forms) {
      assertEquals(0, run(form).exit(), String.join(" ", form));
    }
    assertEquals(1, agent().asked.stream().distinct().count(), agent().asked.toString());
  }

  @Test
  void verdictTakesPortsInDockersNotation() {
    run("verdict", "api", "10.0.5.7", "3306");
    run("verdict", "world", "db", "53/udp");
    run("verdict", "host", "db", "icmp");
    run("verdict", "api", "db", "connect", "5432/tcp");
    List<Asked> asked = agent().asked;
    assertEquals(List.of(3306, 53, 0, 5432), asked.stream().map(Asked::port).toList());
    assertEquals(Asked.Protocol.UDP, asked.get(1).protocol());
    assertEquals(Asked.Protocol.ICMP, asked.get(2).protocol());
    assertEquals(new Who.World(), asked.get(1).from());
  }

  @Test
  void verdictTakesANameWithItsPort() {
    run("verdict", "api", "api.stripe.com:443");
    run("verdict", "api -> 10.0.5.7:3306");
    run("verdict", "api", "2001:db8::5", "443");
    run("verdict", "api", "service:shop.a/80", "443");
    run("verdict", "api", "image=registry.local:5000", "443");
    assertEquals(
        List.of(
            new Who.Container("api.stripe.com"),
            new Who.Address("10.0.5.7"),
            new Who.Address("2001:db8::5"),
            new Who.Service(Optional.of("shop.a"), "80"),
            new Who.Labels(new TreeMap<>(Map.of("image", "registry.local:5000")))),
        agent().asked.stream().map(Asked::to).toList());
    assertEquals(
        List.of(443, 3306, 443, 443, 443), agent().asked.stream().map(Asked::port).toList());
  }

  @Test
  void namesAreListedWithTheirTime() {
    Typed all = run("names");
    assertEquals(0, all.exit());
    assertEquals(3, all.out().lines().count());
    assertTrue(all.out().contains("api.stripe.com"), all.out());
    assertTrue(all.out().contains("over"), all.out());
    Typed one = run("names", "web");
    assertFalse(one.out().contains("api.stripe.com"), one.out());
    Typed nobody = run("names", "nobody");
    assertEquals(2, nobody.exit());
    assertTrue(nobody.err().contains("no container is called \"nobody\""), nobody.err());
    assertTrue(run("names", "--json", "web").out().contains("\"2.2.2.2\""));
  }

  @Test
  void verdictPassesHeadersAndHost() {
    run(
        "verdict",
        "api",
        "db",
        "GET",
        "/users",
        "--port",
        "8080",
        "--host",
        "shop",
        "--header",
        "X-Reason=a=b",
        "--header",
        "X-Reason=c d");
    Asked asked = agent().asked.getFirst();
    assertEquals(List.of("a=b", "c d"), asked.headers().get("x-reason"));
    assertEquals(Optional.of("shop"), asked.host());
    assertEquals(8080, asked.port());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "verdict",
        "verdict api",
        "verdict api db",
        "verdict api db GET",
        "verdict api db /users",
        "verdict api db GET users",
        "verdict api db GET /users extra",
        "verdict api db 99999",
        "verdict api db 80/quic",
        "verdict nobody db GET /users",
        "verdict a/b db GET /users",
        "verdict api db GET /users --header X",
        "verdict api db GET /users --port",
        "verdict api db GET /users --explode",
        "status --wait --timeout x",
        "status extra",
        "observe --last x",
        "observe --last -1",
        "observe --last 5001",
        "endpoints -o yaml",
        "lint",
        "lnt",
        ""
      })
  void badCommandLineIsTwoWithOneClearLineAndNothingOnStandardOutput(String command) {
    Typed typed = run(command.isEmpty() ? new String[0] : command.split(" ", -1));
    assertEquals(2, typed.exit(), typed.out() + typed.err());
    assertEquals("", typed.out());
    assertTrue(typed.err().startsWith("drawbridge: "), typed.err());
    assertFalse(typed.err().contains("\tat "), typed.err());
  }

  @Test
  void unknownContainerSaysWhatIsKnown() {
    assertEquals(
        "drawbridge: no container is called \"nobody\" (expected: api or db)\n",
        run("verdict", "nobody", "db", "GET", "/x").err());
  }

  @Test
  void misspelledCommandGetsTheNearest() {
    assertTrue(run("statsu").err().contains("status"), run("statsu").err());
  }

  @Test
  void observeShowsOneLineARecordOldestFirst() {
    agent().log.append("/users");
    agent().log.append("/admin");
    Typed typed = run("observe");
    assertEquals(0, typed.exit());
    assertEquals(2, typed.out().lines().count());
    String first = typed.out().lines().findFirst().orElseThrow();
    assertTrue(
        first.endsWith(
            ":30.456  ALLOW  api -> db  GET /users 200  1.5 ms  allowed-by-rule  drawbridge.policy.read of db: \"app=api may GET /users\"  r1"),
        first);
    assertEquals(1, run("observe", "--denied").out().lines().count());
    assertEquals(1, run("observe", "--last", "1").out().lines().count());
    assertEquals("", run("observe", "--container", "other").out());
    assertTrue(
        run("observe", "-o", "json")
            .out()
            .lines()
            .allMatch(l -> JsonParser.parseString(l).isJsonObject()));
  }

  @Test
  void observeFollowsUntilTheAgentGoes() throws Exception {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int[] exit = new int[1];
    Thread command =
        Thread.ofPlatform()
            .start(() ->
                exit[0] =
                    Drawbridge.run(
                        new Surroundings(
                            InputStream.nullInputStream(),
                            new PrintWriter(out, true),
                            new PrintWriter(err, true),
                            Map.of()),
                        "observe",
                        "--follow",
                        "--socket",
                        socket.toString()));
    until(() -> agent().log.followed());
    agent().log.append("/users");
    until(() -> out.toString().contains("GET /users"));
    agent().close();
    command.join();
    assertEquals(2, exit[0]);
    assertTrue(err.toString().startsWith("drawbridge: "), err.toString());
  }

  private static void until(java.util.function.BooleanSupplier condition)
      throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, "not within 20 s");
      TimeUnit.MILLISECONDS.sleep(2);
    }
  }

  @Test
  void problemsAreOneLineEachAndAnErrorIsNo() {
    assertEquals(new Typed(0, "no problems\n", ""), run("problems"));
    agent().problems =
        List.of(
            new ProblemReport(
                "DB0103",
                "error",
                "db",
                "drawbridge.policy.read",
                9,
                "unknown word \"mya\"",
                "may",
                Optional.of("may")));
    Typed typed = run("problems");
    assertEquals(1, typed.exit());
    assertEquals(
        "error DB0103 db drawbridge.policy.read column 9: unknown word \"mya\"; expected may; try: may\n",
        typed.out());
    agent().problems =
        List.of(
            new ProblemReport(
                "DB0900", "warning", "", "docker", 0, "does not answer", "", Optional.empty()));
    assertEquals(new Typed(0, "warning DB0900 docker: does not answer\n", ""), run("problems"));
    JsonArray json = JsonParser.parseString(run("problems", "--json").out()).getAsJsonArray();
    assertEquals(1, json.size());
  }

  @Test
  void namesFromOutsideCannotDriveTheTerminal() {
    agent().dbName = "db\u001b[2J\r\nfake line\u202e";
    for (String command : List.of("status", "endpoints")) {
      String out = run(command).out();
      assertTrue(
          out.chars().noneMatch(c -> (c < 0x20 && c != '\n') || c == 0x7f || c == 0x202e), out);
      assertTrue(out.contains("db?[2J??fake line?"), out);
    }
  }

  @Test
  void doctorNamesWhatIsWrongWithTheAgent() {
    agent().unattached = List.of("late");
    Typed typed = run("doctor");
    assertEquals(1, typed.exit());
    assertTrue(typed.out().contains("bad   DR22  late is not enforced: recreate it"), typed.out());
    assertTrue(typed.out().contains("warn  DR21  agent: events: no engine"), typed.out());
  }
}
