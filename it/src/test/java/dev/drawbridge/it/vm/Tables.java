package dev.drawbridge.it.vm;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The tables of {@code docs/compatibility.md}, from what the lane saw. */
final class Tables {
  static final String BEGIN =
      "<!-- made from compatibility.json by ./drawbridge test vm: begin -->";
  static final String END = "<!-- end -->";

  private Tables() {}

  /** The document with its tables made anew. */
  static String into(String document, Results results) {
    int begin = document.indexOf(BEGIN);
    int end = document.indexOf(END, begin);
    if (begin < 0 || end < 0) {
      throw new IllegalArgumentException("the document has no place for the tables: " + BEGIN);
    }
    return document.substring(0, begin + BEGIN.length())
        + "\n\n"
        + machines(results)
        + "\n"
        + programs(results)
        + "\n"
        + document.substring(end);
  }

  private static String machines(Results results) {
    StringBuilder table =
        new StringBuilder(
            "| kernel | Docker, containerd, runc, libbpf | programs | claims | scenario | not there"
                + " |\n|---|---|---|---|---|---|\n");
    results.machines().values().forEach(seen -> table.append(machine(seen)));
    return table.toString();
  }

  private static String machine(Results.Seen seen) {
    String engine =
        seen.engine().isEmpty()
            ? "none"
            : List.of("docker.io", "containerd", "runc", "libbpf1").stream()
                .map(name -> version(seen.engine().getOrDefault(name, "?")))
                .collect(Collectors.joining(", "));
    int all = seen.instructions().size();
    if (all == 0) {
      // The machine with systemd: kernel and engine are those of another row.
      return "| %s, %s, systemd | %s | as above | %s | unit, restart, 3 boots | |%n"
          .formatted(seen.kernel(), seen.architecture(), engine, claims(seen))
          .replace("\r", "");
    }
    int attached = all - seen.loadedOnly().size();
    List<String> missing = new ArrayList<>(seen.lacking());
    if (!seen.absent().isEmpty()) {
      missing.add("doctor misses " + String.join(", ", seen.absent()));
    }
    if (!seen.loadedOnly().isEmpty()) {
      missing.add("no place for " + String.join(", ", seen.loadedOnly()));
    }
    if (seen.engine().isEmpty()) {
      missing.add("loads, not run");
    }
    return "| %s, %s | %s | %d loaded, %d attached | %s | %s | %s |%n"
        .formatted(
            seen.kernel(),
            seen.architecture(),
            engine,
            all,
            attached,
            claims(seen),
            seen.scenario().isEmpty() ? "not run" : tick(seen.scenario()),
            String.join("; ", missing))
        .replace("\r", "");
  }

  private static String claims(Results.Seen seen) {
    return seen.failed() == 0
        ? "✓ " + seen.claims()
        : (seen.claims() - seen.failed()) + " of " + seen.claims();
  }

  private static String tick(String scenario) {
    String[] parts = scenario.split(" of ", -1);
    return parts.length == 2 && parts[0].equals(parts[1]) && !parts[0].equals("0")
        ? "✓ " + scenario
        : scenario;
  }

  /** Without Debian's own numbers: 20.10.24+dfsg1-1 is 20.10.24. */
  private static String version(String debian) {
    return debian.replaceFirst("^\\d+:", "").replaceFirst("[+~-].*", "");
  }

  private static List<Results.Seen> loaded(Results results) {
    return results.machines().values().stream()
        .filter(seen -> !seen.instructions().isEmpty())
        .toList();
  }

  private static String programs(Results results) {
    TreeSet<String> names = new TreeSet<>();
    loaded(results).forEach(seen -> names.addAll(seen.instructions().keySet()));
    StringBuilder table =
        new StringBuilder("| program: instructions that the verifier went through");
    for (Results.Seen seen : loaded(results)) {
      table.append(" | ").append(seen.kernel().replaceFirst("-.*|\\+.*", ""));
      table.append(seen.architecture().equals("x86_64") ? "" : " " + seen.architecture());
    }
    table.append(" |\n|---|").append("---|".repeat(loaded(results).size())).append('\n');
    for (String name : names) {
      table.append("| `").append(name).append('`');
      for (Results.Seen seen : loaded(results)) {
        Long instructions = seen.instructions().get(name);
        table.append(" | ").append(instructions == null ? "-" : instructions.toString());
      }
      table.append(" |\n");
    }
    return table.toString();
  }
}
