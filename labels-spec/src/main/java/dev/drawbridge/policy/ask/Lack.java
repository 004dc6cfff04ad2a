package dev.drawbridge.policy.ask;

import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.compile.JudgedSpan;
import dev.drawbridge.policy.compile.Side;
import dev.drawbridge.policy.compile.SideSayings;
import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.ProtocolRules;
import dev.drawbridge.policy.read.ReadRule;
import dev.drawbridge.policy.read.Saying;
import java.util.List;
import java.util.Optional;

/**
 * What a refusal for want of a rule says to whoever was refused. Runs for denied requests, which
 * anybody can send as many of as he likes: it looks at few rules and compares the beginnings of
 * paths. {@link Explainer} says more, to the operator.
 *
 * @param side whose side has no rule for it
 * @param nearest what comes nearest among the rules that are about this very caller and callee:
 *     where it stands, and what it lets happen, without the values of its conditions. Nothing for
 *     the world
 */
public record Lack(Direction side, Optional<String> nearest) {
  private static final int MAX_RULES = 32;
  private static final int MAX_LENGTH = 256;

  /** Of a request that the policy denies because no rule allows it. */
  public static Lack of(Policy policy, int caller, int callee, int port, Ask request) {
    Side out = policy.sideOf(caller, callee, Direction.EGRESS);
    JudgedSpan span = SideSayings.span(out, callee, request.transport(), port, request);
    long says = SideSayings.sayso(out, callee, request.transport(), port, request);
    Direction side = Direction.EGRESS;
    if (!Saying.is(
        L4Verdict.DENY,
        SideSayings.hostSayso(out, says, callee, request.transport(), port, request))) {
      side = Direction.INGRESS;
      span =
          SideSayings.span(
              policy.sideOf(caller, callee, Direction.INGRESS),
              caller,
              request.transport(),
              port,
              request);
    }
    boolean tells = Peers.isEndpoint(caller);
    ProtocolRules rules = span.rules(request.protocol());
    return new Lack(
        side, tells && rules != null ? nearest(policy, rules.rules(), request) : Optional.empty());
  }

  /** {@code caller} or {@code callee}. */
  public String who() {
    return side == Direction.EGRESS ? "caller" : "callee";
  }

  private static Optional<String> nearest(
      Policy policy, List<? extends ReadRule> rules, Ask request) {
    ReadRule nearest = null;
    int best = -1;
    for (int i = 0; i < Math.min(rules.size(), MAX_RULES); i++) {
      ReadRule rule = rules.get(i);
      int score =
          rule.allows() && request instanceof HttpRequest http
              ? score(rule.sentence().action(), http)
              : -1;
      if (score > best) {
        best = score;
        nearest = rule;
      }
    }
    return nearest == null ? Optional.empty() : told(policy, nearest);
  }

  private static Optional<String> told(Policy policy, ReadRule rule) {
    String says = rule.sentence().action().print();
    return policy
        .rule(rule.number())
        .map(info ->
            info.origin().display()
                + ": "
                + (says.length() > MAX_LENGTH ? says.substring(0, MAX_LENGTH) + "…" : says)
                + (rule.sentence().conditions().isEmpty() ? "" : ", with conditions"));
  }

  /** The longer the beginning that the paths have in common, the nearer; then the method. */
  private static int score(Action action, HttpRequest request) {
    String asked = request.paths().getFirst();
    return switch (action) {
      case Action.Http(var methods, var path) ->
          2 * common(path.print(), asked)
              + (methods.isEmpty() || methods.contains(request.method()) ? 1 : 0);
      case Action.Call(var target) -> 2 * common("/" + target, asked);
      default -> -1;
    };
  }

  private static int common(String one, String other) {
    int most = Math.min(MAX_LENGTH, Math.min(one.length(), other.length()));
    int length = 0;
    while (length < most && one.charAt(length) == other.charAt(length)) {
      length++;
    }
    return length;
  }
}
