package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.kafka.KafkaEngine;
import dev.drawbridge.l7.tls.TlsEngine;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The engines: the one place in this module that lists them. */
final class Engines {
  /** The last takes what nobody else does, and says why it cannot be read. */
  private static final List<Engine> ALL =
      List.of(new TlsEngine(), new KafkaEngine(), new Http2Engine(), new Http1Engine());

  private Engines() {}

  /** Whose bytes these are; null while they may still be several engines'. */
  static @Nullable Engine of(ByteBuf first, Opened opened) {
    if (!first.isReadable()) {
      return null;
    }
    for (Engine engine : ALL) {
      switch (engine.guess(first, () -> opened.speaks(engine.protocol()))) {
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

  /** Who says what is wrong with bytes that are nobody's. */
  static Engine last() {
    return ALL.getLast();
  }
}
