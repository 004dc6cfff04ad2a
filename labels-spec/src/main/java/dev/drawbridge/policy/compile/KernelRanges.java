package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.kernel.PortRange;
import dev.drawbridge.policy.kernel.PortTable;
import java.util.ArrayList;
import java.util.List;

/**
 * Fits a side's judgement into the kernel's table.
 *
 * @param shortened whether the table says less than the rules: numbers or reasons of denials at
 *     least
 * @param truncated whether ports are denied there that the rules allow
 */
record KernelRanges(List<PortRange> ranges, boolean shortened, boolean truncated) {
  /** Gives up the numbers of rules before verdicts, denials before anything that passes. */
  static KernelRanges of(List<JudgedSpan> spans) {
    List<PortRange> ranges = new ArrayList<>();
    for (JudgedSpan span : spans) {
      add(ranges, range(span), false);
    }
    boolean shortened = ranges.size() > PortTable.MAX_RANGES;
    if (shortened) {
      ranges = merged(ranges);
    }
    if (ranges.size() > PortTable.MAX_RANGES) {
      ranges.removeIf(range -> range.verdict() == L4Verdict.DENY);
      ranges = merged(ranges);
    }
    boolean truncated = ranges.size() > PortTable.MAX_RANGES;
    return new KernelRanges(
        truncated ? ranges.subList(0, PortTable.MAX_RANGES) : ranges, shortened, truncated);
  }

  /** The judgement as the table has it; what is not in it is denied without a rule. */
  List<JudgedSpan> applied(List<JudgedSpan> spans) {
    List<JudgedSpan> kept = new ArrayList<>();
    for (JudgedSpan span : spans) {
      for (PortRange range : ranges) {
        if (range.protocol() == span.protocol()
            && range.low() <= span.low()
            && span.high() <= range.high()) {
          kept.add(span.needsEngine() ? span : span.by(range.rule()));
        }
      }
    }
    return kept;
  }

  private static PortRange range(JudgedSpan span) {
    return new PortRange(span.protocol(), span.low(), span.high(), span.verdict(), span.rule());
  }

  private static List<PortRange> merged(List<PortRange> ranges) {
    var out = new ArrayList<PortRange>();
    for (PortRange range : ranges) {
      add(out, range, true);
    }
    return out;
  }

  static void add(List<PortRange> out, PortRange range, boolean anyRule) {
    if (!out.isEmpty()) {
      PortRange last = out.getLast();
      if (last.protocol() == range.protocol()
          && last.high() + 1 == range.low()
          && last.verdict() == range.verdict()
          && last.firm() == range.firm()
          && (anyRule || last.rule() == range.rule())) {
        out.set(
            out.size() - 1,
            new PortRange(
                last.protocol(),
                last.low(),
                range.high(),
                last.verdict(),
                last.rule(),
                last.firm()));
        return;
      }
    }
    out.add(range);
  }
}
