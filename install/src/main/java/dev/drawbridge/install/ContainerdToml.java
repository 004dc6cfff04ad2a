package dev.drawbridge.install;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/**
 * containerd's config.toml, versions 2 and 3, with two editable places: the runtime {@code
 * drawbridge} of the CRI, and the CRI's default runtime. A parser says what is there and where;
 * what changes is text at that place, so that order, comments and everything else stay as they were
 * written. Every edit is parsed again and must say what was meant, and nothing else. Pure: text in,
 * text out.
 */
final class ContainerdToml {
  static final String RUNTIME = "drawbridge";

  private static final String RUNC = "runc";
  private static final String RUNC_TYPE = "io.containerd.runc.v2";
  private static final String DEFAULT = "default_runtime_name";
  private static final Pattern DEFAULT_LINE =
      Pattern.compile("(\\s*" + DEFAULT + "\\s*=\\s*)(\"[^\"\\\\]*\"|'[^']*')(\\s*(?:#.*)?)");
  private static final String BEGIN = "# drawbridge install: begin\n";
  private static final String END = "# drawbridge install: end\n";

  private final String text;
  private final TomlTable tree;
  private final String plugin;

  private ContainerdToml(String text, TomlTable tree, String plugin) {
    this.text = text;
    this.tree = tree;
    this.plugin = plugin;
  }

  /** What came of reading or editing one. */
  sealed interface Reading {
    record Good(ContainerdToml file) implements Reading {}

    /**
     * It must not be edited.
     *
     * @param why without the file's name
     */
    record Bad(String why) implements Reading {}
  }

  /**
   * Reads the text of the file.
   *
   * @param text empty for a file that does not exist
   */
  static Reading parse(String text) {
    TomlParseResult parsed = Toml.parse(text);
    if (parsed.hasErrors()) {
      return new Reading.Bad("it is not valid TOML: " + parsed.errors().getFirst());
    }
    long version;
    try {
      Long written = parsed.getLong("version");
      version = written == null ? (text.isBlank() ? 2 : 1) : written;
    } catch (RuntimeException e) {
      return new Reading.Bad("its version is not a number");
    }
    if (version == 2) {
      return new Reading.Good(new ContainerdToml(text, parsed, "io.containerd.grpc.v1.cri"));
    }
    if (version == 3) {
      return new Reading.Good(new ContainerdToml(text, parsed, "io.containerd.cri.v1.runtime"));
    }
    return new Reading.Bad(
        "it is of version "
            + version
            + ", and 2 or 3 was expected; \"containerd config migrate\" prints it in a newer one");
  }

  String text() {
    return text;
  }

  /** Whether another text sets the same, however it is written. */
  boolean saysTheSameAs(String other) {
    return parse(other) instanceof Reading.Good(ContainerdToml file)
        && file.tree.toJson().equals(tree.toJson());
  }

  /** Whether the CRI, which alone reads these runtimes, is switched off. */
  boolean criIsOff() {
    return tree.getArrayOrEmpty("disabled_plugins").toList().stream()
        .anyMatch(name ->
            name.equals("cri") || name.equals("io.containerd.grpc.v1.cri") || name.equals(plugin));
  }

  private List<String> path(String... more) {
    List<String> path = new ArrayList<>(List.of("plugins", plugin, "containerd"));
    path.addAll(List.of(more));
    return path;
  }

  private Optional<String> string(List<String> path) {
    return tree.get(path) instanceof String found ? Optional.of(found) : Optional.empty();
  }

  /** The CRI's default runtime, as the file names it. */
  Optional<String> defaultRuntime() {
    return string(path(DEFAULT));
  }

  /**
   * What the runtime of that name runs; its shim must be runc's, or nothing can stand before it.
   */
  DaemonJson.Target program(String name) {
    String type = string(path("runtimes", name, "runtime_type")).orElse("");
    if (tree.get(path("runtimes", name)) == null && name.equals(RUNC)) {
      return new DaemonJson.Target.Program(RUNC);
    }
    if (!type.equals(RUNC_TYPE)) {
      return new DaemonJson.Target.Unsuitable(
          "its runtime_type is \"" + type + "\", which runs no OCI runtime of this host's kernel");
    }
    return new DaemonJson.Target.Program(
        string(path("runtimes", name, "options", "BinaryName"))
            .filter(binary -> !binary.isEmpty())
            .orElse(RUNC));
  }

  /** The program that runtime drawbridge runs, if the file has one. */
  Optional<String> registered() {
    return string(path("runtimes", RUNTIME, "options", "BinaryName"));
  }

  /**
   * The same with the shim as runtime drawbridge, beside all others.
   *
   * @param like whose settings it takes over, all but which program it runs
   */
  Reading with(String shim, String like, boolean asDefault) {
    ContainerdToml now = this;
    if (tree.get(path("runtimes", RUNTIME)) == null) {
      String table = header(path("runtimes", RUNTIME));
      StringBuilder block = new StringBuilder(BEGIN);
      if (asDefault && !hasPlaceForDefault()) {
        block.append(tableOfDefault(RUNTIME));
      }
      block.append('[').append(table).append("]\n");
      block.append("  runtime_type = \"").append(RUNC_TYPE).append("\"\n");
      Optional<String> not =
          copy(path("runtimes", like), Set.of("runtime_type", "options"), "  ", block);
      block.append("  [").append(table).append(".options]\n");
      block.append("    BinaryName = ").append(quoted(shim)).append('\n');
      not =
          not.or(
              () -> copy(path("runtimes", like, "options"), Set.of("BinaryName"), "    ", block));
      if (not.isPresent()) {
        return new Reading.Bad(
            "runtime "
                + like
                + " has "
                + not.get()
                + ", which is not taken over by "
                + RUNTIME
                + "; add the runtime by hand");
      }
      block.append(END);
      switch (reread(appended(block.toString()))) {
        case Reading.Bad bad -> {
          return bad;
        }
        case Reading.Good(ContainerdToml file) -> now = file;
      }
      if (!now.registered().equals(Optional.of(shim))
          || !now.tookOver(like, Set.of("runtime_type", "options"))
          || !now.tookOver(like, Set.of("BinaryName"), "options")) {
        return new Reading.Bad("a table for the runtime cannot be added to it");
      }
    } else if (!registered().equals(Optional.of(shim))) {
      return new Reading.Bad(
          "it has a runtime "
              + RUNTIME
              + " that is not this one: "
              + registered().orElse("(none)"));
    }
    return asDefault ? now.withDefault(RUNTIME) : new Reading.Good(now);
  }

  /**
   * Writes the settings of a table.
   *
   * @return the key of one that is more than a value or a list of values, or that would have
   *     another shim run than the one that is expected
   */
  private Optional<String> copy(
      List<String> from, Set<String> except, String indent, StringBuilder block) {
    if (!(tree.get(from) instanceof TomlTable table)) {
      return Optional.empty();
    }
    for (String key : table.keySet()) {
      if (except.contains(key)) {
        continue;
      }
      Optional<String> value = written(table.get(List.of(key)));
      boolean otherShim = key.equals("runtime_path") && !value.equals(Optional.of("\"\""));
      if (value.isEmpty() || otherShim) {
        return Optional.of(key);
      }
      block.append(indent).append(header(List.of(key))).append(" = ").append(value.get());
      block.append('\n');
    }
    return Optional.empty();
  }

  private static Optional<String> written(@Nullable Object value) {
    return switch (value) {
      case String text -> Optional.of("\"" + Toml.tomlEscape(text) + "\"");
      case Boolean is -> Optional.of(is.toString());
      case Long number -> Optional.of(number.toString());
      case TomlArray array -> {
        List<String> parts = new ArrayList<>();
        for (Object element : array.toList()) {
          Optional<String> part = written(element);
          if (part.isEmpty()) {
            yield Optional.empty();
          }
          parts.add(part.get());
        }
        yield Optional.of("[" + String.join(", ", parts) + "]");
      }
      case null, default -> Optional.empty();
    };
  }

  /** Whether the runtime has every setting of the other one. */
  private boolean tookOver(String like, Set<String> except, String... table) {
    if (!(settings(like, table) instanceof TomlTable from)
        || !(settings(RUNTIME, table) instanceof TomlTable to)) {
      return settings(like, table) == null;
    }
    return from.keySet().stream()
        .filter(key -> !except.contains(key))
        .allMatch(key -> written(from.get(List.of(key))).equals(written(to.get(List.of(key)))));
  }

  private @Nullable Object settings(String runtime, String... table) {
    List<String> path = path("runtimes", runtime);
    path.addAll(List.of(table));
    return tree.get(path);
  }

  /** The same without what {@link #with} writes; empty if it is not there as it was written. */
  Optional<ContainerdToml> without(Optional<String> displaced) {
    ContainerdToml now = this;
    if (defaultRuntime().equals(Optional.of(RUNTIME))) {
      Reading restored =
          displaced.isPresent() ? withDefault(displaced.get()) : withoutDefaultLine();
      if (!(restored instanceof Reading.Good(ContainerdToml file))) {
        return Optional.empty();
      }
      now = file;
    }
    int end = now.text.indexOf(END);
    for (int begin = now.text.indexOf(BEGIN);
        begin >= 0 && end > begin;
        begin = now.text.indexOf(BEGIN), end = now.text.indexOf(END)) {
      // With the empty line before it, which was added too.
      int from = now.text.startsWith("\n\n", Math.max(0, begin - 2)) ? begin - 1 : begin;
      String left = now.text.substring(0, from) + now.text.substring(end + END.length());
      if (!(reread(left) instanceof Reading.Good(ContainerdToml file))) {
        return Optional.empty();
      }
      now = file;
    }
    return now.tree.get(path("runtimes", RUNTIME)) == null ? Optional.of(now) : Optional.empty();
  }

  private Reading withDefault(String name) {
    List<String> key = path(DEFAULT);
    TomlPosition at = tree.inputPositionOf(key);
    if (at != null) {
      List<String> lines = new ArrayList<>(List.of(text.split("\n", -1)));
      Matcher line = DEFAULT_LINE.matcher(lines.get(at.line() - 1));
      if (!line.matches()) {
        return new Reading.Bad("its " + DEFAULT + " is written in a way that is not changed here");
      }
      lines.set(at.line() - 1, line.group(1) + quoted(name) + line.group(3));
      return defaulted(String.join("\n", lines), name);
    }
    int table = lineOfTable();
    if (table == 0) {
      return defaulted(appended(BEGIN + tableOfDefault(name) + END), name);
    }
    List<String> lines = new ArrayList<>(List.of(text.split("\n", -1)));
    String line = lines.get(table - 1);
    lines.add(table, line.substring(0, line.indexOf('[')) + entryOfDefault(name));
    return defaulted(String.join("\n", lines), name);
  }

  private boolean hasPlaceForDefault() {
    return tree.inputPositionOf(path(DEFAULT)) != null || lineOfTable() > 0;
  }

  private static String entryOfDefault(String name) {
    return "  " + DEFAULT + " = " + quoted(name);
  }

  private String tableOfDefault(String name) {
    return "[" + header(path()) + "]\n" + entryOfDefault(name) + "\n";
  }

  /** The line with the CRI's own table, 0 if none stands alone in a line. */
  private int lineOfTable() {
    TomlPosition at = tree.inputPositionOf(path());
    if (at == null) {
      return 0;
    }
    String line = text.split("\n", -1)[at.line() - 1];
    TomlParseResult alone = Toml.parse(line);
    // A table below it makes it too, but not empty.
    boolean header =
        line.strip().startsWith("[")
            && !alone.hasErrors()
            && alone.get(path()) instanceof TomlTable table
            && table.isEmpty();
    return header ? at.line() : 0;
  }

  private Reading withoutDefaultLine() {
    TomlPosition at = tree.inputPositionOf(path(DEFAULT));
    if (at == null) {
      return new Reading.Good(this);
    }
    List<String> lines = new ArrayList<>(List.of(text.split("\n", -1)));
    if (!DEFAULT_LINE.matcher(lines.get(at.line() - 1)).matches()) {
      return new Reading.Bad("its " + DEFAULT + " is written in a way that is not changed here");
    }
    lines.remove(at.line() - 1);
    return reread(String.join("\n", lines));
  }

  private Reading defaulted(String changed, String name) {
    Reading read = reread(changed);
    return read instanceof Reading.Good(ContainerdToml file)
            && !file.defaultRuntime().equals(Optional.of(name))
        ? new Reading.Bad("its " + DEFAULT + " cannot be set")
        : read;
  }

  private Reading reread(String changed) {
    return parse(changed) instanceof Reading.Good good
        ? good
        : new Reading.Bad(
            "it defines tables of "
                + plugin
                + " in a way that nothing can be added to; add the runtime by hand");
  }

  private String appended(String block) {
    String start = text.isBlank() ? "version = 2\n" : text.endsWith("\n") ? text : text + "\n";
    return start + "\n" + block;
  }

  private static String header(List<String> path) {
    List<String> parts = new ArrayList<>();
    path.forEach(part -> parts.add(part.matches("[A-Za-z0-9_-]+") ? part : quoted(part)));
    return String.join(".", parts);
  }

  /** A basic string: paths and names need no more escapes than these. */
  private static String quoted(String value) {
    return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
