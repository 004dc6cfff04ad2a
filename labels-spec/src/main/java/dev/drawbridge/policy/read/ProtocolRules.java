package dev.drawbridge.policy.read;

import java.util.List;

/** The rules of one protocol that govern a port of a pair. Immutable; safe for any thread. */
public interface ProtocolRules {
  Protocol protocol();

  /** In the order of their numbers. */
  List<? extends ReadRule> rules();

  /**
   * What they say, made by {@link Saying}.
   *
   * @param ask of this protocol
   */
  long judge(Ask ask);
}
