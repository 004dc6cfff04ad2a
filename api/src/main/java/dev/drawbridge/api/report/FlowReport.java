package dev.drawbridge.api.report;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * One verdict that was given on the wire.
 *
 * @param sequence grows by at least one from record to record; given by {@code FlowLog}
 * @param requestId as in the answer to the client, empty for a connection
 * @param source textual address and port, empty if unknown
 * @param destination textual address and port, empty if unknown
 * @param ending how it ended, whatever the verdict was: a slug such as {@code completed} or {@code
 *     upstream-refused}; empty where the kernel decided
 * @param protocol {@code tcp}, {@code udp}, {@code icmp} ..., or as an engine read it: {@code
 *     http1}, {@code http2}, {@code grpc} and so on; {@code tunnel} for what it carried unread
 * @param asked present where an engine was asked, absent where the kernel decided
 * @param line of the kernel's programs that decided, such as {@code skb_egress.bpf.c:286}; empty
 *     where an engine did
 */
public record FlowReport(
    long sequence,
    Instant at,
    String requestId,
    Outcome verdict,
    String reason,
    int reasonCode,
    String sentence,
    String ending,
    PeerReference from,
    PeerReference to,
    String source,
    String destination,
    String protocol,
    Optional<Asked> asked,
    Optional<RuleReference> rule,
    long generation,
    boolean audited,
    String line) {

  /**
   * What was asked and answered, in terms of its protocol.
   *
   * @param text on one line, such as {@code GET /users 200}; empty if nothing could be read
   * @param fields by name: text, whole numbers and lists of text; which ones there are is the
   *     protocol's affair
   */
  public record Asked(
      String text,
      Map<String, Object> fields,
      long requestBytes,
      long responseBytes,
      long durationNanos) {}
}
