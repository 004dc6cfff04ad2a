package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.policy.kernel.L4Verdict;

/** One row of a table of cases: api, web and db, what their labels and the host say, a question. */
final class SemanticsCase {
  private SemanticsCase() {}

  static void check(
      String rule,
      String api,
      String db,
      String host,
      String from,
      String to,
      String what,
      String expected) {
    var scene =
        new Scene()
            .container("api", labels("app=api", api))
            .container("web", "app=web")
            .container("db", labels("app=db", db));
    for (String line : host.split(";", -1)) {
      if (line.equals("DEFAULT DENY")) {
        scene.defaultDeny();
      } else {
        scene.host(line);
      }
    }
    Verdict verdict = scene.ask(from, to, what);
    assertEquals(
        expected,
        verdict.decision() + " " + verdict.reason() + (verdict.audited() ? " audited" : ""),
        rule);
    kernelAgrees(scene, from, to, what, verdict);
  }

  private static String[] labels(String app, String rest) {
    return rest.isEmpty() ? new String[] {app} : (app + ";" + rest).split(";", -1);
  }

  /** The tables, read as the kernel reads them, must say what {@link Policy#l4} says. */
  private static void kernelAgrees(
      Scene scene, String from, String to, String what, Verdict verdict) {
    if (what.indexOf(' ') >= 0) {
      return;
    }
    Policy policy = scene.policy();
    int protocol =
        switch (what.replaceAll("/.*", "")) {
          case "tcp" -> 6;
          case "udp" -> 17;
          case "sctp" -> 132;
          case "icmp" -> 1;
          case "icmpv6" -> 58;
          default -> 47;
        };
    int port = what.indexOf('/') < 0 ? 0 : Integer.parseInt(what.substring(what.indexOf('/') + 1));
    L4Verdict both =
        Kernel.side(policy, scene.number(from), Direction.EGRESS, scene.number(to), protocol, port)
            .and(
                Kernel.side(
                    policy,
                    scene.number(to),
                    Direction.INGRESS,
                    scene.number(from),
                    protocol,
                    port));
    assertEquals(verdict.decision().name(), both.name());
  }
}
