package dev.drawbridge.l7.relay;

import dev.drawbridge.policy.read.Protocol;
import io.netty.buffer.ByteBuf;
import java.util.function.BooleanSupplier;

/** Reads one protocol. There is one object of each; {@code Engines} has them. */
public interface Engine {
  /** What an engine makes of the first bytes of a client. */
  enum Guess {
    /** Another protocol's. */
    NO,
    /** They may become its own, or another's: more have to come. */
    MAYBE,
    /** Its own. */
    YES
  }

  /** Whose rules judge what it reads. */
  Protocol protocol();

  /**
   * Looks at what a client has said so far, and takes none of it.
   *
   * @param first at least one byte
   * @param ruled whether rules about the port speak of the protocol: one that cannot be told by its
   *     first bytes is guessed nowhere else
   */
  Guess guess(ByteBuf first, BooleanSupplier ruled);

  /**
   * Begins with a client's connection. What has been read of it comes again, as does its end.
   *
   * <p>An engine of datagrams will begin with the first of a socket in the same way.
   */
  Conversation open(Opened opened);
}
