package dev.drawbridge.install;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The shim's key=value file, as drawbridge-runc reads it (hook/src/main/c/config.h). */
final class ShimConfig {
  private ShimConfig() {}

  static String render(Layout layout, String runtime, boolean passthrough) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "# Written by drawbridge install. drawbridge-runc refuses to start containers while a");
    lines.add("# line of this file means nothing to it.");
    lines.add("socket=" + layout.hookSocket());
    lines.add("runtime=" + runtime);
    lines.add("exempt_dir=" + layout.exempt());
    if (passthrough) {
      lines.add(
          "# Uninstalled, but containers still name this runtime: it guards nothing any more.");
      lines.add("passthrough=true");
    }
    return String.join("\n", lines) + "\n";
  }

  static Optional<String> runtime(String text) {
    return text.lines()
        .filter(line -> line.startsWith("runtime="))
        .map(line -> line.substring("runtime=".length()))
        .reduce((first, last) -> last);
  }
}
