package dev.drawbridge.l7.opening;

import dev.drawbridge.l7.datagram.DatagramEngine;
import dev.drawbridge.l7.dns.DnsEngine;
import dev.drawbridge.l7.http1.relay.Http1Engine;
import dev.drawbridge.l7.http2.relay.Http2Engine;
import dev.drawbridge.l7.kafka.KafkaEngine;
import dev.drawbridge.l7.relay.Conversation;
import dev.drawbridge.l7.relay.Engine;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.tls.TlsEngine;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The engines: the one place in this module that lists them. */
public final class Engines {
  /** The last takes what nobody else does, and says why it cannot be read. */
  private static final List<Engine> ALL =
      List.of(new TlsEngine(), new KafkaEngine(), new Http2Engine(), new Http1Engine());

  /** Datagrams have no first bytes to be told by: those that are redirected ask for names. */
  private static final DatagramEngine DATAGRAMS = new DnsEngine();

  private Engines() {}

  public static DatagramEngine datagrams() {
    return DATAGRAMS;
  }

  /** Reads a stream of questions for names, told by where it goes; null for any other. */
  static @Nullable Conversation names(Opened opened) {
    return DnsEngine.open(opened);
  }

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

  /** Whether a client has said nothing yet, an empty line or a part of it aside. */
  static boolean nothingSaid(ByteBuf first) {
    return Http1Engine.nothingSaid(first);
  }

  /** Who says what is wrong with bytes that are nobody's. */
  static Engine last() {
    return ALL.getLast();
  }
}
