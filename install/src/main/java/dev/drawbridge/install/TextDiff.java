package dev.drawbridge.install;

import java.util.List;

/** Lines that go, with "-", and lines that come, with "+", among up to two that stay. */
final class TextDiff {
  private static final int CONTEXT = 2;

  private TextDiff() {}

  static String between(String before, String after) {
    List<String> old = before.lines().toList();
    List<String> now = after.lines().toList();
    int[][] common = new int[old.size() + 1][now.size() + 1];
    for (int i = old.size() - 1; i >= 0; i--) {
      for (int j = now.size() - 1; j >= 0; j--) {
        common[i][j] =
            old.get(i).equals(now.get(j))
                ? common[i + 1][j + 1] + 1
                : Math.max(common[i + 1][j], common[i][j + 1]);
      }
    }
    List<String> lines = new java.util.ArrayList<>();
    int i = 0;
    int j = 0;
    while (i < old.size() || j < now.size()) {
      if (i < old.size() && j < now.size() && old.get(i).equals(now.get(j))) {
        lines.add("  " + old.get(i));
        i++;
        j++;
      } else if (j >= now.size() || (i < old.size() && common[i + 1][j] >= common[i][j + 1])) {
        lines.add("- " + old.get(i));
        i++;
      } else {
        lines.add("+ " + now.get(j));
        j++;
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
