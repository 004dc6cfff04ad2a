package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.dns.DnsProtocol;
import dev.drawbridge.policy.http.HttpProtocol;
import dev.drawbridge.policy.kafka.KafkaProtocol;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.tls.TlsProtocol;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The protocols that an engine reads: the one place in this module that lists them. Where rules of
 * several stand on a port, the earlier speaks for it.
 */
public final class Protocols {
  public static final List<Protocol> ALL =
      List.of(HttpProtocol.HTTP, TlsProtocol.TLS, KafkaProtocol.KAFKA, DnsProtocol.DNS);

  private Protocols() {}

  /** Whose rule a sentence with that action is; null if no engine reads it. */
  static @Nullable Protocol of(Action action) {
    for (Protocol protocol : ALL) {
      if (protocol.speaks(action)) {
        return protocol;
      }
    }
    return null;
  }
}
