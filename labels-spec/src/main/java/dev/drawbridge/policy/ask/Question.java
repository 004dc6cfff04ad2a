package dev.drawbridge.policy.ask;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Mode;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.compile.Side;
import dev.drawbridge.policy.compile.SideSayings;
import dev.drawbridge.policy.http.HttpProtocol;
import dev.drawbridge.policy.language.Condition;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.ProtocolRules;
import dev.drawbridge.policy.read.ReadRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * "May this do that?", asked by people: of a connection, or of what some connection carries.
 *
 * @param protocol IANA's number
 * @param port 0 if none was given: only with something that an engine reads, or for icmp
 * @param ask what an engine would read of it
 * @param anyPort whether no port was given: it is on one that rules about what is asked govern
 */
public record Question(
    int caller, int callee, int protocol, int port, Optional<Ask> ask, boolean anyPort) {
  public Question(int caller, int callee, int protocol, int port, Optional<Ask> ask) {
    this(caller, callee, protocol, port, ask, port == 0);
  }

  /** The same at one of the ports that it may be about. */
  public Question at(int port) {
    return new Question(caller, callee, protocol, port, ask, anyPort);
  }

  /** What would happen on the wire. */
  public Verdict verdict(Policy policy) {
    return ask.isPresent() && isRead(policy)
        ? policy.judge(caller, callee, port, ask.get())
        : policy.l4(caller, callee, protocol, port);
  }

  /** {@link #verdict}, taken apart. */
  public Explanation explain(Policy policy) {
    return ask.isPresent() && isRead(policy)
        ? Explainer.of(policy, caller, callee, port, ask.get())
        : Explainer.l4(policy, caller, callee, protocol, port);
  }

  /** Whether an engine would judge it rather than the kernel. */
  public boolean needsEngine(Policy policy) {
    return policy.l4(caller, callee, protocol, port).decision() == Decision.ENGINE;
  }

  private boolean isRead(Policy policy) {
    return anyPort || ask.map(Ask::isGiven).orElse(false) || needsEngine(policy);
  }

  /**
   * Where what has no port may be: a port of each run of ports on which an engine judges alike.
   * Empty where a port was given, or none is governed.
   */
  public List<Integer> governedPorts(Policy policy) {
    if (port != 0 || ask.isEmpty()) {
      return List.of();
    }
    var starts = new TreeSet<Integer>();
    for (Direction direction : Direction.values()) {
      Side side = policy.sideOf(caller, callee, direction);
      if (side != null && side.guarded() && side.mode != Mode.OFF) {
        side.forPeer(direction == Direction.EGRESS ? callee : caller)
            .spans()
            .forEach(span -> {
              if (span.protocol() == protocol && span.needsEngine()) {
                starts.add(Math.max(1, span.low()));
              }
            });
      }
    }
    return List.copyOf(starts);
  }

  /** For each host that a may-not rule on either side asks for, one that it is about. */
  public List<String> forbiddenHosts(Policy policy) {
    var hosts = new ArrayList<String>();
    for (Direction direction : Direction.values()) {
      ProtocolRules rules =
          SideSayings.span(
                  policy.sideOf(caller, callee, direction),
                  direction == Direction.EGRESS ? callee : caller,
                  protocol,
                  port)
              .rules(HttpProtocol.HTTP);
      for (ReadRule rule : rules == null ? List.<ReadRule>of() : rules.rules()) {
        for (Condition condition :
            rule.allows() ? List.<Condition>of() : rule.sentence().conditions()) {
          switch (condition) {
            case Condition.Host(var name) ->
                hosts.add(name.pattern().replace("**", "any").replace("*", "any"));
            case Condition.Header header when header.lowerCaseName().equals("host") ->
                hosts.addAll(header.values().isEmpty() ? List.of("any.invalid") : header.values());
            case Condition.Header _, Condition.Group _, Condition.Transaction _ -> {}
          }
        }
      }
    }
    return hosts;
  }
}
