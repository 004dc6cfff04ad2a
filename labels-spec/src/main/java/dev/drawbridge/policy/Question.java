package dev.drawbridge.policy;

import java.util.Optional;

/**
 * "May this do that?", asked by people: of a connection, or of a request that some connection
 * carries.
 *
 * @param protocol IANA's number
 * @param port 0 if none was given: only with a request, or for icmp
 */
public record Question(
    int caller, int callee, int protocol, int port, Optional<HttpRequest> request) {

  /** What would happen on the wire. */
  public Verdict verdict(Policy policy) {
    return request.isPresent() && readsRequests(policy)
        ? policy.http(caller, callee, port, request.get())
        : policy.l4(caller, callee, protocol, port);
  }

  /** {@link #verdict}, taken apart. */
  public Explanation explain(Policy policy) {
    return request.isPresent() && readsRequests(policy)
        ? Explainer.http(policy, caller, callee, port, request.get())
        : Explainer.l4(policy, caller, callee, protocol, port);
  }

  /** Whether an engine would judge it rather than the kernel. */
  public boolean needsEngine(Policy policy) {
    return policy.l4(caller, callee, protocol, port).decision() == Decision.ENGINE;
  }

  /** Without a port the request is on one that HTTP rules govern, if there are any. */
  private boolean readsRequests(Policy policy) {
    return port == 0 || needsEngine(policy);
  }
}
