package dev.drawbridge.l7;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import java.net.InetSocketAddress;
import java.time.Instant;

/**
 * One thing that an engine read, one tunnel, or one connection that was refused before anything of
 * it could be read: what policy said, and how it ended.
 *
 * @param requestId as in the {@code Drawbridge-Request-Id} field of an answer made by the engine
 * @param at when the first byte of it was read
 * @param durationNanos from then to its end: the last byte of an answer, or of a connection
 * @param caller peer number, 0 if not known
 * @param callee peer number, 0 if not known
 * @param destination what the client meant to connect to; the listener itself if that is not known
 * @param requestBytes read from the client for it
 * @param responseBytes written to the client for it
 * @param verdict of policy, or of who could not ask it; generation 0 if no policy judged
 * @param ending whatever the verdict was
 */
public record AccessRecord(
    String requestId,
    Instant at,
    long durationNanos,
    int caller,
    int callee,
    InetSocketAddress client,
    InetSocketAddress destination,
    Asked asked,
    long requestBytes,
    long responseBytes,
    Verdict verdict,
    Ending ending) {

  public Decision decision() {
    return verdict.decision();
  }

  public Reason reason() {
    return verdict.reason();
  }
}
