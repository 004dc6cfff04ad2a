package dev.drawbridge.policy.read;

import dev.drawbridge.policy.ProblemCode;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.language.Action;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A protocol that an engine reads and that sentences speak of: all that the compiler and its
 * explanations have to know about it. There is one object of each, and {@code Protocols} has them.
 */
public interface Protocol {
  /** Lower case, such as {@code http}. */
  String name();

  /** What its rules are about, in words. */
  String about();

  /** Whether a sentence with that action is a rule of this protocol. */
  boolean speaks(Action action);

  /**
   * The rules that govern a port of a pair, ready to be asked.
   *
   * @param rules of this protocol, in the order of their numbers; empty where it is read only to be
   *     recorded
   * @param otherwise number of the connect rule that allows what no rule denies, 0: the side is
   *     open; -1: nothing does
   * @param forbidding may-not rules of other protocols on the same port
   */
  ProtocolRules compile(List<ReadRule> rules, int otherwise, List<ReadRule> forbidding);

  /** Why what is something else is denied where this protocol's rules stand alone. */
  Reason foreign();

  /** Why what it asks is denied where others' rules stand alone; null: their {@link #foreign}. */
  default @Nullable Reason ruleless() {
    return null;
  }

  /** Reasons for which what has begun in this protocol cannot be judged. */
  default Set<Reason> unreadable() {
    return Set.of();
  }

  /**
   * What keeps a rule of this protocol from matching what is asked of it, ports apart.
   *
   * @param ask of this protocol
   */
  List<String> misses(ReadRule rule, Ask ask);

  /** What is to be said of a rule of another protocol by itself. */
  default Optional<Doubt> doubts(ReadRule other) {
    return Optional.empty();
  }

  /**
   * What is to be said of a rule of another protocol on a port where this one's stand.
   *
   * @param own the first of this one's, as written
   */
  default Optional<Doubt> doubtsBeside(ReadRule other, String own) {
    return Optional.empty();
  }

  /**
   * A warning about a rule.
   *
   * @param message what is wrong
   * @param expected what to write
   */
  record Doubt(ProblemCode code, String message, String expected) {}
}
