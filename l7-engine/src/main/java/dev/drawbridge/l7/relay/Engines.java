package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.tls.TlsEngine;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Protocol;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The engines: the one place in this module that lists them. */
final class Engines {
  /** The last takes what nobody else does, and says why it cannot be read. */
  private static final List<Engine> ALL =
      List.of(new TlsEngine(), new Http2Engine(), new Http1Engine());

  private Engines() {}

  /** Whose bytes these are; null while they may still be several engines'. */
  static @Nullable Engine of(ByteBuf first, Opened opened) {
    if (!first.isReadable()) {
      return null;
    }
    List<Protocol> ruled = null;
    for (Engine engine : ALL) {
      if (ruled == null) {
        ruled = ruled(opened);
      }
      switch (engine.guess(first, ruled.contains(engine.protocol()))) {
        case NO -> {}
        case MAYBE -> {
          return null;
        }
        case YES -> {
          return engine;
        }
      }
    }
    return last();
  }

  private static List<Protocol> ruled(Opened opened) {
    Policy policy = opened.policy();
    return opened.speaks(policy);
  }

  /** Who says what is wrong with bytes that are nobody's. */
  static Engine last() {
    return ALL.getLast();
  }
}
