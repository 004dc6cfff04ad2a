package dev.drawbridge.cli.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.FlowFilter;
import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Outcome;
import dev.drawbridge.api.report.PeerReference;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.api.report.RuleReference;
import dev.drawbridge.cli.FakeAgent;
import dev.drawbridge.cli.Typed;
import dev.drawbridge.cli.terminal.AgentCommand;
import dev.drawbridge.cli.terminal.CommandException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** 12.D2: what an operator of many services reads. */
class OperatorTest {
  @TempDir private Path directory;

  private static EndpointReport endpoint(String name, List<ProblemReport> problems) {
    return new EndpointReport(
        300,
        "f".repeat(64),
        name,
        "docker",
        "drawbridge",
        new TreeMap<>(
            Map.of(
                "com.docker.compose.project",
                "home",
                "com.docker.compose.config-hash",
                "0".repeat(64),
                "app",
                name)),
        new TreeMap<>(),
        List.of("172.17.0.2", "fd00::2"),
        "enforce",
        EndpointReport.Attachment.LISTENER,
        List.of("ingress", "egress"),
        12,
        1234567,
        problems);
  }

  @Test
  @DisplayName("12.D2 status fits a screen and hides compose's own labels; -v shows them")
  void statusFitsAScreen() {
    List<EndpointReport> endpoints = new ArrayList<>();
    for (int i = 0; i < 43; i++) {
      endpoints.add(endpoint("home-a-service-with-a-rather-long-name-" + i, List.of()));
    }
    for (int columns : new int[] {80, 100, 132, 200}) {
      for (String line : EndpointsCommand.summary(endpoints, columns)) {
        assertTrue(line.length() <= columns, columns + ": " + line);
        assertFalse(line.contains("com.docker.compose"), line);
      }
    }
    assertTrue(EndpointsCommand.summary(endpoints, 132).getFirst().contains("LABELS"));
    assertTrue(EndpointsCommand.table(endpoints).get(1).contains("com.docker.compose.project"));
  }

  @Test
  @DisplayName("12.D2 problems groups equal lines and names the containers")
  void problemsAreGrouped() {
    List<ProblemReport> problems = new ArrayList<>();
    for (String name : List.of("a", "b", "c")) {
      problems.add(problem(name, "one"));
    }
    problems.add(problem("a", "two"));
    problems.add(problem("", "host"));
    problems.add(problem("", "host"));
    assertEquals(
        List.of(
            "warning DB0201 a, b, c where: one",
            "warning DB0201 a where: two",
            "warning DB0201 where: host (2 times)"),
        ProblemsCommand.grouped(problems));
    List<ProblemReport> many = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      many.add(problem("c" + i, "x"));
    }
    assertEquals(1, ProblemsCommand.grouped(many).size());
    assertTrue(ProblemsCommand.grouped(many).getFirst().contains("and 12 more"));
  }

  private static ProblemReport problem(String container, String message) {
    return new ProblemReport(
        "DB0201", "warning", container, "where", 0, message, "", Optional.empty());
  }

  private static PeerReference peer(int number, String name) {
    return new PeerReference(
        number,
        name,
        new TreeMap<>(
            number < 3
                ? Map.of()
                : Map.of(
                    "com.docker.compose.project",
                    "home",
                    "com.docker.compose.service",
                    "s" + name)));
  }

  private static FlowReport denied(PeerReference from, PeerReference to, String owner) {
    return new FlowReport(
        1,
        Instant.parse("2026-01-01T10:00:00Z"),
        "",
        Outcome.DENY,
        owner.isEmpty() ? "no-rule" : "denied-by-rule",
        20,
        "A sentence.",
        "",
        from,
        to,
        "172.17.0.2:40000",
        "[fd00::2]:5432",
        "tcp",
        Optional.empty(),
        owner.isEmpty()
            ? Optional.empty()
            : Optional.of(new RuleReference(1, "drawbridge.policy.a", owner, "…")),
        7,
        false,
        "");
  }

  private static FlowFilter filter(String... pairs) {
    Map<String, String> by = new TreeMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      by.put(pairs[i], pairs[i + 1]);
    }
    return new FlowFilter(
        Optional.empty(),
        Optional.ofNullable(by.get("container")),
        Optional.ofNullable(by.get("from")),
        Optional.ofNullable(by.get("to")),
        Optional.ofNullable(by.get("port")).map(Integer::valueOf),
        Optional.ofNullable(by.get("reason")),
        Optional.ofNullable(by.get("project")),
        Optional.ofNullable(by.get("protocol")),
        Optional.ofNullable(by.get("ending")),
        Optional.ofNullable(by.get("side")).map(FlowFilter.Side::valueOf),
        Optional.ofNullable(by.get("since")).map(Instant::parse));
  }

  @Test
  @DisplayName("12.D2 observe filters by from, to, port, reason, project, protocol, side, since")
  void flowsAreFiltered() {
    FlowReport flow = denied(peer(300, "a"), peer(301, "b"), "b");
    for (String[] yes :
        new String[][] {
          {"container", "a"},
          {"container", "sb"},
          {"from", "a"},
          {"to", "sb"},
          {"port", "5432"},
          {"reason", "denied-by-rule"},
          {"project", "home"},
          {"protocol", "tcp"},
          {"side", "CALLEE"},
          {"since", "2026-01-01T10:00:00Z"}
        }) {
      assertTrue(filter(yes).passes(flow), yes[0]);
    }
    for (String[] no :
        new String[][] {
          {"container", "c"},
          {"from", "b"},
          {"to", "a"},
          {"port", "432"},
          {"reason", "no-rule"},
          {"project", "other"},
          {"protocol", "http"},
          {"ending", "client-gone"},
          {"side", "CALLER"},
          {"since", "2026-01-01T10:00:01Z"}
        }) {
      assertFalse(filter(no).passes(flow), no[0]);
    }
  }

  @Test
  @DisplayName("12.D2 a no-rule line names the side where the record tells")
  void aDenialWithoutRuleNamesTheSide() {
    assertTrue(
        ObserveCommand.line(denied(peer(2, "world"), peer(301, "b"), ""), ZoneOffset.UTC, true)
            .contains("no-rule into b"));
    assertTrue(
        ObserveCommand.line(denied(peer(301, "b"), peer(2, "world"), ""), ZoneOffset.UTC, true)
            .contains("no-rule out of b"));
    assertEquals(Optional.empty(), FlowFilter.side(denied(peer(300, "a"), peer(301, "b"), "")));
  }

  @Test
  @DisplayName("12.D2 an unknown container is exit 2, with and without --follow")
  void anUnknownContainerIsNoAnswer() throws Exception {
    Path socket = directory.resolve("api.sock");
    try (var agent = new FakeAgent(socket)) {
      agent.log.append("/users");
      for (String[] arguments :
          new String[][] {
            {"observe", "--container", "nope"},
            {"observe", "--from", "nope"},
            {"observe", "-f", "--to", "nope"},
            {"observe", "--since", "yesterday"}
          }) {
        Typed typed = Typed.run(Map.of(AgentCommand.SOCKET_VARIABLE, socket.toString()), arguments);
        assertEquals(2, typed.exit(), typed.out());
      }
      for (String[] arguments :
          new String[][] {
            {"observe", "--container", "db", "--reason", "none"},
            {"observe", "--from", "host"},
            {"observe", "--from", "api", "--port", "80", "--side", "callee"}
          }) {
        Typed typed = Typed.run(Map.of(AgentCommand.SOCKET_VARIABLE, socket.toString()), arguments);
        assertEquals(0, typed.exit(), typed.err());
      }
    }
  }

  @Test
  void agesAreTimes() throws CommandException {
    Instant now = Instant.parse("2026-01-02T00:00:00Z");
    assertEquals(Instant.parse("2026-01-01T00:00:00Z"), Since.parse("1d", now));
    assertEquals(Instant.parse("2026-01-01T23:50:00Z"), Since.parse("10m", now));
    assertThrows(CommandException.class, () -> Since.parse("10", now));
  }
}
