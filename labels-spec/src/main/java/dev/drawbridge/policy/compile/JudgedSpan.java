package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.ProtocolRules;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Ports of one transport on which one side judges alike.
 *
 * @param protocol IANA's number of the transport
 * @param rule number of the deciding rule, 0 for none
 * @param read the rules that an engine asks if the verdict is ENGINE, in the order of {@link
 *     Protocols#ALL}; not empty then
 */
public record JudgedSpan(
    int protocol,
    int low,
    int high,
    L4Verdict verdict,
    Reason reason,
    int rule,
    List<ProtocolRules> read) {
  public static final JudgedSpan OPEN =
      new JudgedSpan(0, 0, 0, L4Verdict.ALLOW, Reason.OPEN, 0, List.of());
  static final JudgedSpan NO_RULE =
      new JudgedSpan(0, 0, 0, L4Verdict.DENY, Reason.NO_RULE, 0, List.of());
  static final JudgedSpan PROTOCOL =
      new JudgedSpan(0, 0, 0, L4Verdict.DENY, Reason.PROTOCOL, 0, List.of());

  public JudgedSpan {
    read = List.copyOf(read);
  }

  boolean isSameBut(JudgedSpan other) {
    return protocol == other.protocol
        && verdict == other.verdict
        && reason == other.reason
        && rule == other.rule
        && read.equals(other.read);
  }

  /** The same, but that another rule is named for it. */
  JudgedSpan by(int otherRule) {
    return new JudgedSpan(protocol, low, high, verdict, reason, otherRule, read);
  }

  /** The same up to another port. */
  JudgedSpan upTo(int otherHigh) {
    return new JudgedSpan(protocol, low, otherHigh, verdict, reason, rule, read);
  }

  /** Whether bytes must be read to judge. */
  public boolean needsEngine() {
    return !read.isEmpty();
  }

  /** The rules of that protocol; null if there are none. Runs for every request. */
  public @Nullable ProtocolRules rules(Protocol of) {
    for (int i = 0; i < read.size(); i++) {
      if (read.get(i).protocol().equals(of)) {
        return read.get(i);
      }
    }
    return null;
  }

  /** Why what is of that protocol is denied, which has no rules here while others have. */
  public Reason foreign(Protocol asked) {
    Reason own = asked.ruleless();
    return own == null ? read.getFirst().protocol().foreign() : own;
  }

  /**
   * The reason for what cannot be judged: where other protocols have rules, it does not matter what
   * is wrong in this one.
   */
  public Reason fitting(Reason reason) {
    if (read.isEmpty()) {
      return reason;
    }
    for (Protocol protocol : Protocols.ALL) {
      if (protocol.unreadable().contains(reason) && rules(protocol) == null) {
        return foreign(protocol);
      }
    }
    return reason == Reason.NOT_HTTP ? read.getFirst().protocol().foreign() : reason;
  }
}
