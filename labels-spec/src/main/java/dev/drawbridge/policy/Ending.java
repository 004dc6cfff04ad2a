package dev.drawbridge.policy;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * How something ended that an engine read or carried, whatever policy had said of it: that is a
 * {@link Verdict}. Mirrored in docs/reasons.md; a test compares the two.
 */
public enum Ending {
  COMPLETED("ended as both wanted, or with an answer of the engine's own"),
  UPSTREAM_REFUSED("the callee refused the connection, or the stream"),
  UPSTREAM_TIMEOUT("the callee did not answer in time"),
  UPSTREAM_BROKEN("the callee broke off, or said what cannot be read"),
  UNAVAILABLE("the engine could not make a connection to the callee"),
  CLIENT_GONE("the client closed before the end"),
  TIMED_OUT("the client did not go on in time, or nobody did"),
  LIMIT("a connection or memory limit of the engine"),
  DRAINED("another agent has taken over, and the time to end in was over"),
  RESET("the engine ended it: what came later is denied, or the container or the agent is gone");

  private final String slug = name().toLowerCase(Locale.ROOT).replace('_', '-');
  private final String sentence;

  Ending(String sentence) {
    this.sentence = sentence;
  }

  /** The name as the API and the logs write it, for instance {@code upstream-refused}. */
  public String slug() {
    return slug;
  }

  /** The one that is written so; empty for a word that is none. */
  public static Optional<Ending> of(String slug) {
    return Arrays.stream(values()).filter(ending -> ending.slug.equals(slug)).findFirst();
  }

  /** One line for people. */
  public String sentence() {
    return sentence;
  }
}
