package dev.drawbridge.api;

import java.time.Instant;
import java.util.Optional;

/**
 * One verdict that was given on the wire.
 *
 * @param sequence grows by at least one from record to record; given by {@link FlowLog}
 * @param requestId as in the answer to the client, empty for a connection
 * @param source textual address and port, empty if unknown
 * @param destination textual address and port, empty if unknown
 * @param protocol {@code tcp}, {@code udp}, {@code icmp}, {@code http} (gRPC too), {@code tls} ...
 * @param http present for a request, and for a TLS connection whose hello the engine read; absent
 *     for any other connection and for a datagram
 */
public record FlowReport(
    long sequence,
    Instant at,
    String requestId,
    Outcome verdict,
    String reason,
    int reasonCode,
    String sentence,
    PeerReference from,
    PeerReference to,
    String source,
    String destination,
    String protocol,
    Optional<Http> http,
    Optional<RuleReference> rule,
    long generation,
    boolean audited) {

  /**
   * What was asked and answered. {@code status} 0: no answer was sent. Of a TLS connection {@code
   * method} is {@code TLS}, and {@code path} is the server name and, after {@code alpn=}, the
   * protocols that the client offers.
   */
  public record Http(
      String method,
      String path,
      int status,
      long requestBytes,
      long responseBytes,
      long durationNanos) {}
}
