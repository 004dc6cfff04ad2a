package dev.drawbridge.l7;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Reason;
import java.net.InetSocketAddress;
import java.time.Instant;

/**
 * One request, one TLS connection, or one connection that was refused before either could be read.
 *
 * @param requestId as in the {@code Drawbridge-Request-Id} field of an answer made by the engine
 * @param at when the first byte of the request was read
 * @param durationNanos from then to the last byte of the answer
 * @param caller peer number, 0 if not known
 * @param callee peer number, 0 if not known
 * @param destination what the client meant to connect to; the listener itself if that is not known
 * @param protocol {@code tls}, else {@code http}, also when nothing could be read
 * @param method empty if no request could be read; {@code TLS} for a TLS connection
 * @param path as sent, without the query; of a TLS connection the server name and, after {@code
 *     alpn=}, the protocols that the client offers; empty if there is none
 * @param status of the answer as the client saw it, 0 if there was none
 * @param requestBytes read from the client for this request, head and body
 * @param responseBytes written to the client for this request, head and body
 * @param rule number of the deciding rule, 0 for none
 * @param generation of the policy that judged, 0 if none did
 * @param audited allowed only because the denying side is in audit mode
 */
public record AccessRecord(
    String requestId,
    Instant at,
    long durationNanos,
    int caller,
    int callee,
    InetSocketAddress client,
    InetSocketAddress destination,
    String protocol,
    String method,
    String path,
    int status,
    long requestBytes,
    long responseBytes,
    Decision decision,
    Reason reason,
    int rule,
    long generation,
    boolean audited) {}
