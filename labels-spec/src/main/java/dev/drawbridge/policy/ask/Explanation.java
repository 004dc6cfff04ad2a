package dev.drawbridge.policy.ask;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Mode;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.RuleInfo;
import dev.drawbridge.policy.Verdict;
import java.util.List;
import java.util.Optional;

/**
 * A verdict, taken apart.
 *
 * @param sides what each container's own rules say; a host, the world or an address has none
 * @param advice the labels that would allow it, one for each side that denies; empty if it is
 *     allowed, or if a may-not rule forbids it, which no label can lift
 */
public record Explanation(Verdict verdict, List<SideReport> sides, List<Advice> advice) {
  public Explanation {
    sides = List.copyOf(sides);
    advice = List.copyOf(advice);
  }

  /**
   * One side.
   *
   * @param owner the container's name
   * @param closed whether anything needs a rule here
   * @param decision this side's own, before audit mode
   * @param decidedBy the rule that decided, if one did
   * @param near may rules that miss by one thing only, nearest first
   */
  public record SideReport(
      Direction direction,
      String owner,
      Mode mode,
      boolean closed,
      Decision decision,
      Reason reason,
      Optional<RuleInfo> decidedBy,
      List<NearMiss> near) {
    public SideReport {
      near = List.copyOf(near);
    }
  }

  /**
   * A rule that nearly allows it.
   *
   * @param why what is missing, as a sentence without a full stop
   */
  public record NearMiss(RuleInfo rule, String why) {}

  /**
   * A label that would allow it.
   *
   * @param container the container to put it on
   */
  public record Advice(String container, String key, String value) {
    /** As it stands in a compose file. */
    public String oneLine() {
      return key + ": " + value;
    }
  }
}
