package dev.drawbridge.cli.policy;

import dev.drawbridge.api.report.ExplanationReport;
import dev.drawbridge.api.report.ExplanationReport.NearMiss;
import dev.drawbridge.api.report.ExplanationReport.SideReport;
import dev.drawbridge.api.report.ExplanationReport.SuggestedLabel;
import dev.drawbridge.cli.terminal.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** An explanation for a terminal. */
final class ExplanationText {
  private static final String INDENT = " ".repeat(7);

  private ExplanationText() {}

  static List<String> lines(ExplanationReport explanation) {
    List<String> lines = new ArrayList<>();
    for (SideReport side : explanation.sides()) {
      lines.add(INDENT + heading(side));
      for (NearMiss near : side.near()) {
        lines.add(INDENT + "  nearly: " + VerdictCommand.rule(near.rule()) + ": " + near.why());
      }
    }
    for (SuggestedLabel label : explanation.labels()) {
      lines.add(
          INDENT
              + "would allow it, as a label of "
              + named(label.container())
              + ": "
              + label.key()
              + ": "
              + label.value());
    }
    return lines.stream().map(Text::oneLine).toList();
  }

  /** {@code into db: deny, no-rule: the side is closed and no rule allows it}. */
  private static String heading(SideReport side) {
    String mode = side.mode().equals("enforce") ? "" : " (mode " + side.mode() + ")";
    return (side.direction().equals("egress") ? "out of " : "into ")
        + named(side.container())
        + mode
        + ": "
        + side.decision().toLowerCase(Locale.ROOT)
        + ", "
        + side.rule().map(VerdictCommand::rule).orElse(side.reason() + ": " + side.sentence());
  }

  private static String named(String container) {
    return container.isEmpty() ? "the container asked about" : container;
  }
}
