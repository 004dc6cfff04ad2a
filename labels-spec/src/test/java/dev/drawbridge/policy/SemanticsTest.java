package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.http.Headers;
import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.kernel.NetworkEntry;
import dev.drawbridge.policy.kernel.PairEntry;
import dev.drawbridge.policy.kernel.PortTable;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of SPEC rules P1 to P7, H1 to H4, D1, M1, M2, E1 and S7: every row is a case. */
final class SemanticsTest {
  /** Rows: rule of SPEC.md, api's labels, db's labels, host lines, from, to, what, expected. */
  private static List<Arguments> table() {
    return List.of(
        // Nothing selects anybody.
        row("P1", "", "", "", "api", "db", "tcp/80", "ALLOW OPEN"),
        row("P1", "", "", "", "world", "db", "tcp/80", "ALLOW OPEN"),
        // Closed by selection, on the callee's side.
        row("P2", "", "app=api may connect 5432", "", "api", "db", "tcp/5432", "ALLOW RULE_ALLOWS"),
        row("P2", "", "app=api may connect 5432", "", "api", "db", "tcp/5433", "DENY NO_RULE"),
        row("P2", "", "app=api may connect 5432", "", "web", "db", "tcp/5432", "DENY NO_RULE"),
        row("P2", "", "app=api may connect 5432", "", "host", "db", "tcp/5432", "DENY NO_RULE"),
        row("P2", "", "app=api may connect 5432", "", "db", "api", "tcp/1", "ALLOW OPEN"),
        // On the caller's side.
        row("P2", "may connect 80 on app=db", "", "", "api", "db", "tcp/80", "ALLOW RULE_ALLOWS"),
        row("P2", "may connect 80 on app=db", "", "", "api", "web", "tcp/80", "DENY NO_RULE"),
        row("P2", "may connect 80 on app=db", "", "", "web", "api", "tcp/80", "ALLOW OPEN"),
        // Both sides: neither can speak for the other.
        row(
            "P3",
            "may connect 80 on app=db",
            "app=web may connect 80",
            "",
            "api",
            "db",
            "tcp/80",
            "DENY NO_RULE"),
        row(
            "P3",
            "may connect 81 on app=db",
            "app=api may connect 80",
            "",
            "api",
            "db",
            "tcp/80",
            "DENY NO_RULE"),
        row(
            "P3",
            "may connect 80 on app=db",
            "app=api may connect 80",
            "",
            "api",
            "db",
            "tcp/80",
            "ALLOW RULE_ALLOWS"),
        // may not wins, narrow or wide, first or last.
        row(
            "P4",
            "",
            "anyone may connect 80;app=api may not connect 80",
            "",
            "api",
            "db",
            "tcp/80",
            "DENY RULE_DENIES"),
        row(
            "P4",
            "",
            "app=api may not connect 80;anyone may connect 80",
            "",
            "api",
            "db",
            "tcp/80",
            "DENY RULE_DENIES"),
        row(
            "P4",
            "",
            "app=api may connect 80;anyone may not connect 80",
            "",
            "api",
            "db",
            "tcp/80",
            "DENY RULE_DENIES"),
        row(
            "P4",
            "",
            "anyone may connect 80;app=api may not connect 80",
            "",
            "web",
            "db",
            "tcp/80",
            "ALLOW RULE_ALLOWS"),
        row(
            "P4",
            "",
            "app=api may GET /**;anyone may not GET /a/**",
            "",
            "api",
            "db",
            "GET /a/b",
            "DENY RULE_DENIES"),
        row(
            "P4",
            "",
            "anyone may not GET /a/**;app=api may GET /**",
            "",
            "api",
            "db",
            "GET /a/b",
            "DENY RULE_DENIES"),
        row(
            "P4",
            "",
            "app=api may GET /a/b;anyone may not ANY /**",
            "",
            "api",
            "db",
            "GET /a/b",
            "DENY RULE_DENIES"),
        row(
            "P4",
            "",
            "app=api may GET /**;app=api may not GET /a with header X",
            "",
            "api",
            "db",
            "GET /a",
            "ALLOW RULE_ALLOWS"),
        row(
            "P4",
            "may not connect 80 on app=db",
            "app=api may connect 80",
            "",
            "api",
            "db",
            "tcp/80",
            "DENY RULE_DENIES"),
        // Overlap of wide and narrow, in either order: the union.
        row(
            "P5",
            "",
            "app=api may GET /a;anyone may GET /**",
            "",
            "api",
            "db",
            "GET /b",
            "ALLOW RULE_ALLOWS"),
        row(
            "P5",
            "",
            "anyone may GET /**;app=api may GET /a",
            "",
            "api",
            "db",
            "GET /b",
            "ALLOW RULE_ALLOWS"),
        row(
            "P5",
            "",
            "anyone may GET /a;app=api may POST /a",
            "",
            "web",
            "db",
            "POST /a",
            "DENY NO_RULE"),
        row(
            "P5",
            "",
            "app=api may connect 80;app=api may connect 70-90",
            "",
            "api",
            "db",
            "tcp/71",
            "ALLOW RULE_ALLOWS"),
        // A closed side with may-not rules alone allows nothing.
        row("P6", "", "anyone may not connect 22", "", "api", "db", "tcp/80", "DENY NO_RULE"),
        row("P6", "", "nobody may connect", "", "api", "db", "tcp/80", "DENY NO_RULE"),
        row("P6", "may connect on nobody", "", "", "api", "db", "tcp/80", "DENY NO_RULE"),
        // Selectors that select nothing.
        row("P7", "", "app=none may connect", "", "api", "db", "tcp/80", "DENY NO_RULE"),
        row("P7", "", "service:web may connect", "", "api", "db", "tcp/80", "DENY NO_RULE"),
        // Host policy: speaks for both sides, and labels cannot lift its may not.
        row(
            "H1",
            "may connect 81 on app=db",
            "app=web may connect 80",
            "app=api may connect 80 on app=db",
            "api",
            "db",
            "tcp/80",
            "ALLOW RULE_ALLOWS"),
        row(
            "H2",
            "",
            "app=api may connect 80",
            "app=api may not connect 80 on app=db",
            "api",
            "db",
            "tcp/80",
            "DENY RULE_DENIES"),
        row(
            "H2",
            "",
            "anyone may not connect 80",
            "app=api may connect 80 on app=db",
            "api",
            "db",
            "tcp/80",
            "DENY RULE_DENIES"),
        // What it closes.
        row(
            "H3",
            "",
            "",
            "app=api may connect 80 on app=db",
            "api",
            "db",
            "tcp/81",
            "DENY NO_RULE"),
        row("H3", "", "", "app=api may connect 80 on app=db", "api", "web", "tcp/81", "ALLOW OPEN"),
        row(
            "H3",
            "",
            "",
            "app=api may connect 80 on world",
            "api",
            "web",
            "tcp/81",
            "DENY NO_RULE"),
        row("H3", "", "", "app=api may connect 80 on world", "web", "api", "tcp/81", "ALLOW OPEN"),
        row(
            "H3",
            "",
            "",
            "anyone may not connect 25 on world",
            "api",
            "world",
            "tcp/25",
            "DENY RULE_DENIES"),
        row(
            "H3",
            "",
            "",
            "anyone may not connect 25 on world",
            "api",
            "world",
            "tcp/26",
            "ALLOW OPEN"),
        row(
            "H3",
            "",
            "",
            "anyone may not connect 25 on world",
            "api",
            "db",
            "tcp/25",
            "ALLOW OPEN"),
        row(
            "H3",
            "",
            "",
            "anyone may not DELETE /** on app=web port 80",
            "api",
            "web",
            "GET /",
            "DENY NO_RULE"),
        row(
            "H4",
            "",
            "app=web may connect 80",
            "app=api may connect 80 on app=db for caller",
            "api",
            "db",
            "tcp/80",
            "DENY NO_RULE"),
        row(
            "H4",
            "",
            "",
            "app=api may connect 80 on app=db for caller",
            "api",
            "web",
            "tcp/80",
            "DENY NO_RULE"),
        row(
            "H4",
            "",
            "",
            "app=api may connect 80 on app=db for caller",
            "web",
            "db",
            "tcp/80",
            "ALLOW OPEN"),
        row(
            "H4",
            "",
            "",
            "containers may connect 80 on app=db for callee",
            "web",
            "db",
            "tcp/80",
            "ALLOW RULE_ALLOWS"),
        row(
            "H4",
            "",
            "",
            "containers may connect 80 on app=db for callee",
            "world",
            "db",
            "tcp/80",
            "DENY NO_RULE"),
        // default: deny.
        row("D1", "", "", "DEFAULT DENY", "api", "db", "tcp/80", "DENY NO_RULE"),
        row(
            "D1",
            "may connect 80 on app=db",
            "",
            "DEFAULT DENY",
            "api",
            "db",
            "tcp/80",
            "DENY NO_RULE"),
        row(
            "D1",
            "may connect 80 on app=db",
            "app=api may connect 80",
            "DEFAULT DENY",
            "api",
            "db",
            "tcp/80",
            "ALLOW RULE_ALLOWS"),
        row(
            "D1",
            "",
            "",
            "DEFAULT DENY;app=api may connect 80 on app=db",
            "api",
            "db",
            "tcp/80",
            "ALLOW RULE_ALLOWS"),
        // Modes.
        row(
            "M1",
            "",
            "app=web may connect 80;drawbridge.mode: audit",
            "",
            "api",
            "db",
            "tcp/80",
            "ALLOW NO_RULE audited"),
        row(
            "M1",
            "drawbridge.mode: audit",
            "app=web may connect 80",
            "",
            "api",
            "db",
            "tcp/80",
            "DENY NO_RULE"),
        row(
            "M1",
            "may connect 81 on app=db;drawbridge.mode: audit",
            "app=api may connect 80",
            "",
            "api",
            "db",
            "tcp/80",
            "ALLOW NO_RULE audited"),
        row(
            "M1",
            "",
            "app=api may GET /a;drawbridge.mode: audit",
            "",
            "api",
            "db",
            "GET /b",
            "ALLOW NO_RULE audited"),
        row(
            "M2",
            "",
            "app=web may connect 80;drawbridge.mode: off",
            "",
            "api",
            "db",
            "tcp/80",
            "ALLOW OPEN"),
        row(
            "M2",
            "drawbridge.mode: off",
            "app=web may connect 80",
            "",
            "api",
            "db",
            "tcp/80",
            "DENY NO_RULE"),
        row(
            "M3",
            "",
            "drawbridge.mode: off",
            "anyone may not connect 80 on app=db",
            "api",
            "db",
            "tcp/80",
            "DENY RULE_DENIES"),
        row(
            "M3",
            "",
            "app=api may connect 80;drawbridge.mode: off",
            "anyone may not connect 80 on app=db",
            "api",
            "db",
            "tcp/80",
            "DENY RULE_DENIES"),
        row(
            "M3",
            "drawbridge.mode: off",
            "",
            "anyone may not connect 25 on world",
            "api",
            "world",
            "tcp/25",
            "DENY RULE_DENIES"),
        row(
            "M3",
            "",
            "drawbridge.mode: off",
            "app=web may connect 80 on app=db",
            "api",
            "db",
            "tcp/80",
            "DENY NO_RULE"),
        row(
            "M3",
            "",
            "drawbridge.mode: off",
            "anyone may not GET /a on app=db",
            "api",
            "db",
            "GET /a",
            "DENY RULE_DENIES"),
        row(
            "M3",
            "",
            "drawbridge.mode: off",
            "app=web may connect 80 on app=db",
            "web",
            "db",
            "tcp/80",
            "ALLOW RULE_ALLOWS"),
        row(
            "M3",
            "",
            "drawbridge.mode: audit",
            "anyone may not connect 80 on app=db",
            "api",
            "db",
            "tcp/80",
            "DENY RULE_DENIES"),
        row(
            "M3",
            "",
            "app=api may connect 80;drawbridge.mode: audit",
            "anyone may not connect 80 on app=db",
            "api",
            "db",
            "tcp/80",
            "DENY RULE_DENIES"),
        row(
            "M3",
            "drawbridge.mode: audit",
            "",
            "anyone may not connect 25 on world",
            "api",
            "world",
            "tcp/25",
            "DENY RULE_DENIES"),
        row(
            "M3",
            "",
            "drawbridge.mode: audit",
            "app=web may connect 80 on app=db",
            "api",
            "db",
            "tcp/80",
            "DENY NO_RULE"),
        row(
            "M3",
            "",
            "drawbridge.mode: audit",
            "anyone may not GET /a on app=db",
            "api",
            "db",
            "GET /a",
            "DENY RULE_DENIES"),
        row(
            "M3",
            "",
            "drawbridge.mode: audit",
            "app=web may connect 80 on app=db",
            "web",
            "db",
            "tcp/80",
            "ALLOW RULE_ALLOWS"),
        row(
            "M3",
            "",
            "app=web may connect 81;drawbridge.mode: audit",
            "anyone may not connect 82 on anyone",
            "api",
            "db",
            "tcp/81",
            "ALLOW NO_RULE audited"),
        row(
            "M3",
            "",
            "app=web may connect 81;drawbridge.mode: audit",
            "anyone may not connect 82 on anyone",
            "api",
            "db",
            "tcp/82",
            "DENY RULE_DENIES"),
        row(
            "M3",
            "",
            "app=web may connect 81;drawbridge.mode: off",
            "anyone may not connect 82 on anyone",
            "api",
            "db",
            "tcp/81",
            "ALLOW OPEN"),
        row(
            "M3",
            "",
            "anyone may not connect 80;drawbridge.mode: audit",
            "anyone may not GET /a on anyone",
            "api",
            "db",
            "GET /a",
            "DENY RULE_DENIES"),
        row(
            "M3",
            "",
            "anyone may not connect 80;drawbridge.mode: audit",
            "anyone may not GET /a on anyone",
            "api",
            "db",
            "GET /b",
            "ALLOW RULE_DENIES audited"),
        // Entities.
        row("E1", "", "anyone may connect 80", "", "web", "db", "tcp/80", "ALLOW RULE_ALLOWS"),
        row("E1", "", "anyone may connect 80", "", "host", "db", "tcp/80", "ALLOW RULE_ALLOWS"),
        row("E1", "", "anyone may connect 80", "", "world", "db", "tcp/80", "ALLOW RULE_ALLOWS"),
        row("E1", "", "host may connect 80", "", "world", "db", "tcp/80", "DENY NO_RULE"),
        row("E1", "", "world may connect 80", "", "host", "db", "tcp/80", "DENY NO_RULE"),
        row("E1", "", "world may connect 80", "", "api", "db", "tcp/80", "DENY NO_RULE"),
        row("E1", "", "containers may connect 80", "", "api", "db", "tcp/80", "ALLOW RULE_ALLOWS"),
        row("E1", "", "containers may connect 80", "", "host", "db", "tcp/80", "DENY NO_RULE"));
  }

  private static Arguments row(Object... cells) {
    return Arguments.of(cells);
  }

  @ParameterizedTest
  @MethodSource("table")
  void holds(
      String rule,
      String api,
      String db,
      String host,
      String from,
      String to,
      String what,
      String expected) {
    SemanticsCase.check(rule, api, db, host, from, to, what, expected);
  }

  @Test
  void addressesAreThePartOfTheWorldThatTheyName() {
    var scene =
        new Scene()
            .container(
                "api",
                "may connect 443 on 10.0.0.0/8 except (10.1.0.0/16 10.2.0.0/16)",
                "may connect 53/udp on 10.1.0.1",
                "may connect 80 on world");
    Policy policy = scene.policy();
    assertEquals(4, policy.networks().size());
    for (NetworkEntry entry : policy.networks()) {
      int api = scene.number("api");
      String range = entry.range().print();
      boolean https = policy.l4(api, entry.peer(), 6, 443).decision() == Decision.ALLOW;
      assertEquals(range.equals("10.0.0.0/8"), https, range);
      boolean dns = policy.l4(api, entry.peer(), 17, 53).decision() == Decision.ALLOW;
      assertEquals(range.equals("10.1.0.1"), dns, range);
      assertEquals(Decision.ALLOW, policy.l4(api, entry.peer(), 6, 80).decision(), range);
      assertEquals(
          L4Verdict.ALLOW, Kernel.side(policy, api, Direction.EGRESS, entry.peer(), 6, 80));
    }
    assertEquals(Decision.DENY, scene.decide("api", "world", "tcp/443"));
  }

  @Test
  void undecodableBytesPassOnlyAnAuditingSide() {
    var enforce = new Scene().container("api", "app=api").container("db", "app=api may GET /");
    var audit =
        new Scene()
            .container("api", "app=api")
            .container("db", "app=api may GET /", "drawbridge.mode: audit");
    Verdict denied = enforce.policy().undecodable(256, 257, 80, Reason.NOT_HTTP);
    assertEquals(Decision.DENY, denied.decision());
    assertEquals(Reason.NOT_HTTP, denied.reason());
    Verdict passed = audit.policy().undecodable(256, 257, 80, Reason.NOT_HTTP);
    assertEquals(Decision.ALLOW, passed.decision());
    assertTrue(passed.audited());
  }

  @Test
  void repeatedHeaderMustBeRightEveryTime() {
    var scene =
        new Scene()
            .container("api", "app=api")
            .container(
                "db",
                "app=api may GET /a with header X=1",
                "app=api may not GET /b with header X=1",
                "app=api may GET /b");
    Policy policy = scene.policy();
    Headers both = name -> name.equals("x") ? List.of("2", "1") : List.of();
    var a = new HttpRequest("GET", List.of("/a"), "", both);
    var b = new HttpRequest("GET", List.of("/b"), "", both);
    assertEquals(Decision.DENY, policy.judge(256, 257, 80, a).decision());
    assertEquals(Decision.DENY, policy.judge(256, 257, 80, b).decision());
  }

  @Test
  void moreRangesThanTheKernelHoldsAreDeniedAndSaid() {
    var labels = new String[40];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = "anyone may connect " + (1000 + 2 * i);
    }
    Policy policy = new Scene().container("db", labels).policy();
    for (PairEntry entry : policy.pairs()) {
      assertTrue(entry.table().ranges().size() <= PortTable.MAX_RANGES);
    }
    assertTrue(policy.problems().stream().anyMatch(p -> p.code().equals("DB0203")));
    assertFalse(policy.problems().isEmpty());
  }
}
