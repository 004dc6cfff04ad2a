package dev.drawbridge.l7;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Consumer;

/** Is told which addresses a container's own questions for names were answered with. */
@FunctionalInterface
public interface LearnedNames {
  /** Learns nothing, and lets every answer pass. */
  LearnedNames NONE = (_, _, _, _, then) -> then.accept(Outcome.KNOWN);

  /** The answer to a question that is refused, as RFC 1035 (4.1.1) calls it. */
  enum Refusal {
    REFUSED,
    /** There is no such name. */
    NXDOMAIN
  }

  /** What becomes of an answer. */
  enum Outcome {
    /** The kernel knows what is to be known of it: the client may see it. */
    KNOWN,
    /** It leads a name of the outside to an address of the inside: the client must not see it. */
    REBINDS,
    /** The same, of a container in audit mode: the client may see it, and nothing is learned. */
    REBINDS_IN_AUDIT,
    /** The kernel could not be told: the client must not see it. */
    FAILED
  }

  /**
   * An address in an answer.
   *
   * @param seconds how long the answer says that it holds: the least of the chain that led to it
   */
  record Address(InetAddress address, long seconds) {}

  /**
   * Who that address is to the container now, of whom it was once taken for that peer: what it
   * learned by name may mean another by the rules in force. Called on an event loop: must not
   * block.
   *
   * @return the peer, if nothing is known of the address by name
   */
  default int again(int caller, int peer, InetAddress address) {
    return peer;
  }

  /** What whoever asks for a name that may not be resolved is told. */
  default Refusal refusal() {
    return Refusal.REFUSED;
  }

  /**
   * Called on an event loop, before the client sees the answer: must not block.
   *
   * @param caller who asked
   * @param resolver who answered
   * @param names the name that was asked for, and those that the answer led to from there
   * @param then is called once, here or on another thread
   */
  void learned(
      int caller,
      InetSocketAddress resolver,
      List<String> names,
      List<Address> addresses,
      Consumer<Outcome> then);
}
