package dev.drawbridge.bench;

import dev.drawbridge.testkit.LabException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Horizontal bars in groups, as an SVG file without scripts or fonts of its own. */
final class Chart {
  private static final int LABELS = 200;
  private static final int BARS = 420;
  private static final int ROW = 20;
  private static final List<String> COLOURS =
      List.of("#9aa0a6", "#1a73e8", "#e8710a", "#f9ab00", "#188038");

  private record Bar(String label, double value) {}

  private final String title;
  private final String note;
  private final Map<String, List<Bar>> groups = new LinkedHashMap<>();

  Chart(String title, String note) {
    this.title = title;
    this.note = note;
  }

  void bar(String group, String label, double value) {
    groups.computeIfAbsent(group, _ -> new ArrayList<>()).add(new Bar(label, value));
  }

  /** Writes {@code bench-NAME.svg} where {@code drawbridge.bench.pictures} says, if it does. */
  void write(String name, PrintStream out) {
    String directory = System.getProperty("drawbridge.bench.pictures", "");
    if (directory.isEmpty()) {
      return;
    }
    Path file = Path.of(directory, "bench-" + name + ".svg");
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, svg());
    } catch (IOException e) {
      throw new LabException("cannot write " + file + ": " + e.getMessage(), e);
    }
    out.println("picture: " + file);
  }

  String svg() {
    double most =
        groups.values().stream().flatMap(List::stream).mapToDouble(Bar::value).max().orElse(1);
    int rows = groups.values().stream().mapToInt(bars -> bars.size() + 2).sum();
    int height = 70 + rows * ROW;
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\""
                + " font-family=\"sans-serif\" font-size=\"12\">%n"
                + "<title>%s</title>%n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>%n"
                + "<text x=\"10\" y=\"24\" font-size=\"15\" font-weight=\"bold\">%s</text>%n"
                + "<text x=\"10\" y=\"42\" fill=\"#5f6368\">%s</text>%n",
            LABELS + BARS + 80,
            height,
            title,
            title,
            note));
    int y = 70;
    for (Map.Entry<String, List<Bar>> group : groups.entrySet()) {
      svg.append(text(10, y, "font-weight=\"bold\"", group.getKey()));
      int colour = 0;
      for (Bar bar : group.getValue()) {
        y += ROW;
        int length = (int) Math.round(BARS * bar.value() / most);
        svg.append(text(LABELS - 8, y, "text-anchor=\"end\"", bar.label()));
        svg.append(
            String.format(
                Locale.ROOT,
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>%n",
                LABELS,
                y - 12,
                length,
                ROW - 5,
                COLOURS.get(colour++ % COLOURS.size())));
        svg.append(
            text(LABELS + length + 6, y, "", String.format(Locale.ROOT, "%.2f", bar.value())));
      }
      y += 2 * ROW;
    }
    return svg.append("</svg>\n").toString();
  }

  private static String text(int x, int y, String attributes, String text) {
    return String.format(
        Locale.ROOT, "<text x=\"%d\" y=\"%d\" %s>%s</text>%n", x, y, attributes, text);
  }
}
