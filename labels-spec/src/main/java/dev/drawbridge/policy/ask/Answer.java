package dev.drawbridge.policy.ask;

import dev.drawbridge.policy.RuleInfo;
import dev.drawbridge.policy.Verdict;
import java.util.Optional;
import java.util.SortedMap;

/** What an {@link Inquiry} found. */
public sealed interface Answer {

  /**
   * What would happen on the wire.
   *
   * @param byEngine whether bytes would be read to judge
   */
  record Given(
      Verdict verdict,
      Optional<RuleInfo> rule,
      Peer from,
      Peer to,
      boolean byEngine,
      Optional<Explanation> explanation)
      implements Answer {
    /** The same, of addresses that were asked about by a name. */
    Given to(String shown) {
      return new Given(
          verdict, rule, from, new Peer(to.endpoint(), shown, to.labels()), byEngine, explanation);
    }
  }

  /**
   * The question names something that nobody knows, or what it leaves out decides.
   *
   * @param code lower case with dashes, such as {@code unknown-container}
   * @param message what is unknown
   * @param expected what would be known
   */
  record Unknown(String code, String message, String expected) implements Answer {}

  /**
   * One side, as answers name it.
   *
   * @param endpoint number in the kernel's tables; 0 for a workload that does not exist
   * @param labels identity labels
   */
  record Peer(int endpoint, String name, SortedMap<String, String> labels) {}
}
