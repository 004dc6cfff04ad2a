package dev.drawbridge.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * "May this do that?", asked by people: of a connection, of a request that some connection carries,
 * or of a TLS connection.
 *
 * @param protocol IANA's number
 * @param port 0 if none was given: only with a request or a server name, or for icmp
 * @param serverName that a TLS client names; never together with a request
 * @param anyPort whether no port was given: it is on one that rules about what is asked govern
 */
public record Question(
    int caller,
    int callee,
    int protocol,
    int port,
    Optional<HttpRequest> request,
    Optional<String> serverName,
    boolean anyPort) {
  public Question(
      int caller,
      int callee,
      int protocol,
      int port,
      Optional<HttpRequest> request,
      Optional<String> serverName) {
    this(caller, callee, protocol, port, request, serverName, port == 0);
  }

  public Question(int caller, int callee, int protocol, int port, Optional<HttpRequest> request) {
    this(caller, callee, protocol, port, request, Optional.empty());
  }

  /** The same at one of the ports that it may be about. */
  public Question at(int port) {
    return new Question(caller, callee, protocol, port, request, serverName, anyPort);
  }

  /** The same of another callee. */
  public Question to(int otherCallee) {
    return new Question(caller, otherCallee, protocol, port, request, serverName, anyPort);
  }

  /** What would happen on the wire. */
  public Verdict verdict(Policy policy) {
    if (serverName.isPresent() && isRead(policy)) {
      return policy.tls(caller, callee, port, serverName.get());
    }
    return request.isPresent() && isRead(policy)
        ? policy.http(caller, callee, port, request.get())
        : policy.l4(caller, callee, protocol, port);
  }

  /** {@link #verdict}, taken apart. */
  public Explanation explain(Policy policy) {
    if (serverName.isPresent() && isRead(policy)) {
      return Explainer.tls(policy, caller, callee, port, serverName.get());
    }
    return request.isPresent() && isRead(policy)
        ? Explainer.http(policy, caller, callee, port, request.get())
        : Explainer.l4(policy, caller, callee, protocol, port);
  }

  /** Whether an engine would judge it rather than the kernel. */
  public boolean needsEngine(Policy policy) {
    return policy.l4(caller, callee, protocol, port).decision() == Decision.ENGINE;
  }

  private boolean isRead(Policy policy) {
    return anyPort || needsEngine(policy);
  }

  /**
   * Where a request or a TLS connection without a port may be: a port of each run of ports on which
   * an engine judges alike. Empty where a port was given, or none is governed.
   */
  public List<Integer> governedPorts(Policy policy) {
    if (port != 0 || (request.isEmpty() && serverName.isEmpty())) {
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
      HttpRules rules =
          Policy.span(
                  policy.sideOf(caller, callee, direction),
                  direction == Direction.EGRESS ? callee : caller,
                  protocol,
                  port)
              .http();
      for (RuleCode rule : rules == null ? List.<RuleCode>of() : rules.rules()) {
        for (Condition condition :
            rule.allows ? List.<Condition>of() : rule.sentence.conditions()) {
          switch (condition) {
            case Condition.Host(var name) ->
                hosts.add(name.pattern().replace("**", "any").replace("*", "any"));
            case Condition.Header header when header.lowerCaseName().equals("host") ->
                hosts.addAll(header.values().isEmpty() ? List.of("any.invalid") : header.values());
            case Condition.Header _ -> {}
          }
        }
      }
    }
    return hosts;
  }
}
