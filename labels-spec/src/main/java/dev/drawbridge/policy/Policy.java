package dev.drawbridge.policy;

import java.util.List;
import java.util.Optional;

/** A compiled generation. Immutable; safe for any thread. */
public final class Policy {
  private final long generation;

  private Policy(long generation) {
    this.generation = generation;
  }

  /** Compiles everything. */
  public static Policy compile(PolicyInput input) {
    return new Policy(input.generation());
  }

  /** Generation 0: knows nobody. */
  public static Policy empty() {
    return new Policy(0);
  }

  public long generation() {
    return generation;
  }

  /** Whether the container is closed in that direction. */
  public boolean closed(int endpoint, Direction direction) {
    return false;
  }

  /** The container's mode; enforce for one that is not known. */
  public Mode mode(int endpoint) {
    return Mode.ENFORCE;
  }

  /** The kernel's view: for each closed side an ANY entry, and one per peer that differs. */
  public List<PairEntry> pairs() {
    return List.of();
  }

  /** Both sides at layer 4; may say ENGINE. */
  public Verdict l4(int caller, int callee, int protocol, int port) {
    return new Verdict(Decision.ALLOW, Reason.OPEN, generation, 0, false);
  }

  /** Both sides for a request: every reading of the path must be allowed. */
  public Verdict http(int caller, int callee, int port, HttpRequest request) {
    return new Verdict(Decision.ALLOW, Reason.OPEN, generation, 0, false);
  }

  /** The rule with that number. */
  public Optional<RuleInfo> rule(int number) {
    return Optional.empty();
  }

  /** Warnings that need the whole to be seen. */
  public List<Problem> problems() {
    return List.of();
  }
}
