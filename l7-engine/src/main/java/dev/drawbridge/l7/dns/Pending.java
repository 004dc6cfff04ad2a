package dev.drawbridge.l7.dns;

import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A datagram of a client's, from its arrival to its record. */
final class Pending {
  final Channel listener;
  final InetSocketAddress client;
  final ConnectionOrigin origin;
  final Instant at = Instant.now();
  final long beganNanos = System.nanoTime();
  final int questionBytes;
  int answerBytes;
  @Nullable Query query;
  AskedDns about = AskedDns.UNREAD;
  Verdict verdict = new Verdict(Decision.DENY, Reason.INCOMPLETE, 0, 0, false);

  Pending(Channel listener, InetSocketAddress client, ConnectionOrigin origin, byte[] bytes) {
    this.listener = listener;
    this.client = client;
    this.origin = origin;
    this.questionBytes = bytes.length;
  }

  /** Once it was read. */
  Query query() {
    return Objects.requireNonNull(query);
  }
}
