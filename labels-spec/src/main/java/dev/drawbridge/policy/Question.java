package dev.drawbridge.policy;

import java.util.Optional;

/**
 * "May this do that?", asked by people: of a connection, of a request that some connection carries,
 * or of a TLS connection.
 *
 * @param protocol IANA's number
 * @param port 0 if none was given: only with a request or a server name, or for icmp
 * @param serverName that a TLS client names; never together with a request
 */
public record Question(
    int caller,
    int callee,
    int protocol,
    int port,
    Optional<HttpRequest> request,
    Optional<String> serverName) {
  public Question(int caller, int callee, int protocol, int port, Optional<HttpRequest> request) {
    this(caller, callee, protocol, port, request, Optional.empty());
  }

  /** What would happen on the wire. */
  public Verdict verdict(Policy policy) {
    if (serverName.isPresent() && readsRequests(policy)) {
      return policy.tls(caller, callee, port, serverName.get());
    }
    return request.isPresent() && readsRequests(policy)
        ? policy.http(caller, callee, port, request.get())
        : policy.l4(caller, callee, protocol, port);
  }

  /** {@link #verdict}, taken apart. */
  public Explanation explain(Policy policy) {
    if (serverName.isPresent() && readsRequests(policy)) {
      return Explainer.tls(policy, caller, callee, port, serverName.get());
    }
    return request.isPresent() && readsRequests(policy)
        ? Explainer.http(policy, caller, callee, port, request.get())
        : Explainer.l4(policy, caller, callee, protocol, port);
  }

  /** Whether an engine would judge it rather than the kernel. */
  public boolean needsEngine(Policy policy) {
    return policy.l4(caller, callee, protocol, port).decision() == Decision.ENGINE;
  }

  /** Without a port it is on one that such rules govern, if there are any. */
  private boolean readsRequests(Policy policy) {
    return port == 0 || needsEngine(policy);
  }
}
