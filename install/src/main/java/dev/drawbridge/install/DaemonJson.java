package dev.drawbridge.install;

import com.google.gson.FormattingStyle;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.util.Optional;

/**
 * Docker's daemon.json as a tree with two editable places, {@code runtimes.drawbridge} and {@code
 * default-runtime}. Every other key stays, in its order, with its numbers as they were spelled; the
 * file's own indentation is kept. Pure: text in, text out.
 */
public final class DaemonJson {
  /** The runtime's name in {@code docker run --runtime}. */
  public static final String RUNTIME = "drawbridge";

  private static final String RUNTIMES = "runtimes";
  private static final String DEFAULT_RUNTIME = "default-runtime";
  private static final int LONGEST_INDENT = 8;

  private final JsonObject tree;
  private final String indent;
  private final String text;

  private DaemonJson(JsonObject tree, String indent, String text) {
    this.tree = tree;
    this.indent = indent;
    this.text = text;
  }

  /** What came of reading one. */
  public sealed interface Reading {
    /** It is a configuration. */
    record Good(DaemonJson file) implements Reading {}

    /**
     * It is not, and so must not be edited.
     *
     * @param why without the file's name
     */
    record Bad(String why) implements Reading {}
  }

  /**
   * Reads the text of the file.
   *
   * @param text empty or blank for a file that does not exist: dockerd accepts that as {@code {}}
   */
  public static Reading parse(String text) {
    if (text.isBlank()) {
      return new Reading.Good(new DaemonJson(new JsonObject(), "  ", ""));
    }
    try {
      JsonObject object = JsonText.object(text);
      JsonElement runtimes = object.get(RUNTIMES);
      if (runtimes != null && !(runtimes instanceof JsonObject)) {
        return new Reading.Bad("its \"runtimes\" is not an object");
      }
      JsonElement standard = object.get(DEFAULT_RUNTIME);
      if (standard != null && !(standard instanceof JsonPrimitive p && p.isString())) {
        return new Reading.Bad("its \"default-runtime\" is not a string");
      }
      return new Reading.Good(new DaemonJson(object, indentOf(text), text));
    } catch (InstallException e) {
      return new Reading.Bad(String.valueOf(e.getMessage()));
    }
  }

  /** The default runtime that the file names. */
  public Optional<String> defaultRuntime() {
    return tree.get(DEFAULT_RUNTIME) instanceof JsonPrimitive p
        ? Optional.of(p.getAsString())
        : Optional.empty();
  }

  /** A string of the top level, such as data-root. */
  public Optional<String> setting(String key) {
    return JsonText.string(tree, key);
  }

  /** The first Unix socket of "hosts". */
  Optional<String> firstSocket() {
    if (tree.get("hosts") instanceof JsonArray hosts) {
      for (JsonElement host : hosts) {
        if (host instanceof JsonPrimitive p && p.getAsString().startsWith("unix://")) {
          return Optional.of(p.getAsString());
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Whether it has what an uninstall leaves that a dockerd did not confirm: no runtimes, spelled.
   */
  boolean leftByReload() {
    return tree.get(RUNTIMES) instanceof JsonObject runtimes && runtimes.isEmpty();
  }

  /** Whether both say the same, however they are written. */
  boolean equalTo(DaemonJson other) {
    return tree.equals(other.tree);
  }

  /** Whether nothing is left in it. */
  boolean empty() {
    return tree.isEmpty();
  }

  /**
   * The same without a default runtime that only stands there for a running dockerd to read.
   *
   * @param displaced the default that was there before drawbridge; empty for none
   */
  DaemonJson withoutSpelledDefault(Optional<String> displaced) {
    JsonObject copy = tree.deepCopy();
    if (displaced.isEmpty() && defaultRuntime().filter("runc"::equals).isPresent()) {
      copy.remove(DEFAULT_RUNTIME);
    }
    return new DaemonJson(copy, indent, text);
  }

  /** Whether the file has this top-level key at all. */
  public boolean has(String key) {
    return tree.has(key);
  }

  /** What {@code runtimes.drawbridge} says now. */
  public Optional<String> registeredPath() {
    return runtime(RUNTIME).flatMap(entry -> string(entry, "path"));
  }

  /** How a runtime of this file can be chained to. */
  public sealed interface Target {
    /**
     * It can.
     *
     * @param program its path, or a name for PATH
     */
    record Program(String program) implements Target {}

    /** It cannot, and this is why. */
    record Unsuitable(String why) implements Target {}
  }

  /** The program behind a runtime's name, so that the shim can stand before it. */
  public Target program(String name) {
    if (name.equals("runc") || name.equals("io.containerd.runc.v2")) {
      return new Target.Program("runc");
    }
    Optional<JsonObject> entry = runtime(name);
    if (entry.isEmpty()) {
      return new Target.Unsuitable("\"runtimes\" does not define it");
    }
    if (entry.get().get("runtimeArgs") instanceof JsonArray array && !array.isEmpty()) {
      return new Target.Unsuitable("it has runtimeArgs, which the shim cannot pass on");
    }
    Optional<String> path = string(entry.get(), "path");
    if (path.isPresent()) {
      return new Target.Program(path.get());
    }
    Optional<String> binary =
        entry.get().get("options") instanceof JsonObject options
            ? string(options, "BinaryName")
            : Optional.empty();
    boolean runc = string(entry.get(), "runtimeType").orElse("").equals("io.containerd.runc.v2");
    return runc && binary.isPresent()
        ? new Target.Program(binary.get())
        : new Target.Unsuitable("it is not a program that takes runc's command line");
  }

  /** The same with the runtime registered, and with it as the default if asked for. */
  public DaemonJson with(String shimPath, boolean asDefault) {
    JsonObject copy = tree.deepCopy();
    JsonObject runtimes;
    if (copy.get(RUNTIMES) instanceof JsonObject present) {
      runtimes = present;
    } else {
      runtimes = new JsonObject();
      copy.add(RUNTIMES, runtimes);
    }
    JsonObject entry = new JsonObject();
    entry.addProperty("path", shimPath);
    runtimes.add(RUNTIME, entry);
    if (asDefault) {
      copy.addProperty(DEFAULT_RUNTIME, RUNTIME);
    }
    return new DaemonJson(copy, indent, text);
  }

  /**
   * The same with another default runtime, if drawbridge is the default now.
   *
   * @param displaced the default that was there before; empty for none
   * @param reloaded a running dockerd is going to read this by SIGHUP. It passes over keys that are
   *     absent (daemon/reload_unix.go asks IsValueSet), so taking the key away would change nothing
   *     until it restarts: Docker's own default is written down instead
   */
  public DaemonJson withDefaultRestored(Optional<String> displaced, boolean reloaded) {
    JsonObject copy = tree.deepCopy();
    if (defaultRuntime().filter(RUNTIME::equals).isPresent()) {
      displaced
          .or(() -> reloaded ? Optional.of("runc") : Optional.empty())
          .ifPresentOrElse(
              name -> copy.addProperty(DEFAULT_RUNTIME, name), () -> copy.remove(DEFAULT_RUNTIME));
    }
    return new DaemonJson(copy, indent, text);
  }

  /**
   * The same without the runtime. A "runtimes" in which nothing is left goes too, unless a running
   * dockerd is going to read this by SIGHUP: it would not notice.
   */
  public DaemonJson without(boolean reloaded) {
    JsonObject copy = tree.deepCopy();
    if (copy.get(RUNTIMES) instanceof JsonObject runtimes) {
      runtimes.remove(RUNTIME);
      if (runtimes.isEmpty() && !reloaded) {
        copy.remove(RUNTIMES);
      }
    }
    return new DaemonJson(copy, indent, text);
  }

  /** The file's text: the very text that was read if nothing has changed. */
  public String text() {
    if (!text.isEmpty() && JsonParser.parseString(text).toString().equals(tree.toString())) {
      return text;
    }
    Gson writer =
        new GsonBuilder()
            .serializeNulls()
            .disableHtmlEscaping()
            .setFormattingStyle(FormattingStyle.PRETTY.withIndent(indent))
            .create();
    return writer.toJson(tree) + "\n";
  }

  /**
   * The other text if it says the same without drawbridge, so that a file comes back as somebody
   * wrote it.
   */
  String textOr(String other) {
    return parse(other) instanceof Reading.Good(DaemonJson file)
            && file.without(false).tree.equals(tree)
        ? other
        : text();
  }

  private Optional<JsonObject> runtime(String name) {
    return tree.get(RUNTIMES) instanceof JsonObject runtimes
            && runtimes.get(name) instanceof JsonObject entry
        ? Optional.of(entry)
        : Optional.empty();
  }

  private static Optional<String> string(JsonObject object, String key) {
    return object.get(key) instanceof JsonPrimitive p && p.isString()
        ? Optional.of(p.getAsString())
        : Optional.empty();
  }

  private static String indentOf(String text) {
    for (String line : text.lines().toList()) {
      int width = 0;
      while (width < line.length() && (line.charAt(width) == ' ' || line.charAt(width) == '\t')) {
        width++;
      }
      if (width > 0 && width < line.length() && width <= LONGEST_INDENT) {
        return line.substring(0, width);
      }
    }
    return "  ";
  }
}
