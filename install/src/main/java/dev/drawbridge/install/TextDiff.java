package dev.drawbridge.install;

import com.github.difflib.DiffUtils;
import com.github.difflib.patch.AbstractDelta;
import com.github.difflib.patch.DeltaType;
import java.util.ArrayList;
import java.util.List;

/** Lines that go, with "-", and lines that come, with "+", among up to two that stay. */
final class TextDiff {
  private static final int CONTEXT = 2;

  private TextDiff() {}

  static String between(String before, String after) {
    List<String> lines = new ArrayList<>();
    List<String> old = before.lines().toList();
    List<String> now = after.lines().toList();
    for (AbstractDelta<String> part : DiffUtils.diff(old, now, true).getDeltas()) {
      if (part.getType() == DeltaType.EQUAL) {
        part.getSource().getLines().forEach(line -> lines.add("  " + line));
      } else {
        part.getSource().getLines().forEach(line -> lines.add("- " + line));
        part.getTarget().getLines().forEach(line -> lines.add("+ " + line));
      }
    }
    return nearChanges(lines);
  }

  private static String nearChanges(List<String> lines) {
    StringBuilder text = new StringBuilder();
    boolean skipped = false;
    for (int k = 0; k < lines.size(); k++) {
      if (changeNear(lines, k)) {
        text.append(skipped ? "  ...\n" : "").append(lines.get(k)).append('\n');
        skipped = false;
      } else {
        skipped = true;
      }
    }
    return text.toString();
  }

  private static boolean changeNear(List<String> lines, int at) {
    int from = Math.max(0, at - CONTEXT);
    int to = Math.min(lines.size() - 1, at + CONTEXT);
    for (int k = from; k <= to; k++) {
      if (!lines.get(k).startsWith("  ")) {
        return true;
      }
    }
    return false;
  }
}
