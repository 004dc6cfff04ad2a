package dev.drawbridge.policy.language;

import dev.drawbridge.policy.Origin;
import java.util.ArrayList;
import java.util.List;

/**
 * What the host's policy files declare, in the order of the files and of their lines.
 *
 * @param audited whose denials are recorded and let pass
 */
public record HostPolicy(List<Rule> rules, List<Audited> audited) {
  /** No file, or empty ones. */
  public static final HostPolicy NONE = new HostPolicy(List.of(), List.of());

  public HostPolicy {
    rules = List.copyOf(rules);
    audited = List.copyOf(audited);
  }

  /** Rules alone. */
  public HostPolicy(List<Rule> rules) {
    this(rules, List.of());
  }

  /**
   * {@code WHO is audited}.
   *
   * @param byRequest {@code by request}: what would be denied without a rule is read, so that it is
   *     recorded with method and path
   * @param text as written, without comment
   */
  public record Audited(Origin origin, String text, Party.Selector who, boolean byRequest) {}

  /** This file's rules, then another's. */
  public HostPolicy and(HostPolicy other) {
    return new HostPolicy(joined(rules, other.rules), joined(audited, other.audited));
  }

  private static <T> List<T> joined(List<T> one, List<T> other) {
    var all = new ArrayList<T>(one);
    all.addAll(other);
    return all;
  }
}
