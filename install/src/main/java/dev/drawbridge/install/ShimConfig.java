package dev.drawbridge.install;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The shim's key=value file, as drawbridge-runc reads it (hook/src/main/c/config.h). */
final class ShimConfig {
  private ShimConfig() {}

  /** Settings that are the operator's own: how long the shim waits. */
  private static final Set<String> KEPT =
      Set.of("connect_timeout_ms", "total_timeout_ms", "agent_wait_ms");

  /**
   * @param before the file as it is; the operator's own settings are taken from it
   */
  static String render(Layout layout, String runtime, boolean passthrough, String before) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "# Written by drawbridge install. drawbridge-runc refuses to start containers while a");
    lines.add("# line of this file means nothing to it.");
    lines.add("socket=" + layout.hookSocket());
    lines.add("runtime=" + runtime);
    lines.add("exempt_dir=" + layout.exempt());
    before
        .lines()
        .filter(line -> line.contains("=") && KEPT.contains(line.substring(0, line.indexOf('='))))
        .forEach(lines::add);
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
