package dev.drawbridge.tools.yaml;

import java.util.List;
import java.util.Optional;

/** A node of a document; lines and columns count from 1. */
public sealed interface YamlValue {
  int line();

  int column();

  /**
   * A mapping; keys are unique.
   *
   * @param entries in the order of the text, merged ones ({@code <<}) last
   */
  record YamlMap(int line, int column, List<Entry> entries) implements YamlValue {
    public YamlMap {
      entries = List.copyOf(entries);
    }

    /** The value of that key. */
    public Optional<YamlValue> find(String key) {
      for (Entry entry : entries) {
        if (entry.key().equals(key)) {
          return Optional.of(entry.value());
        }
      }
      return Optional.empty();
    }
  }

  /**
   * A key with its value.
   *
   * @param tag the value's own tag, such as {@code !reset}; empty if it has none
   */
  record Entry(String key, int line, int column, YamlValue value, String tag) {}

  /** A sequence. */
  record YamlList(int line, int column, List<YamlValue> items) implements YamlValue {
    public YamlList {
      items = List.copyOf(items);
    }
  }

  /**
   * Text, number, boolean or nothing.
   *
   * @param style how it was written
   * @param kind what YAML 1.2's core schema makes of it
   * @param joined whether lines of the text were joined by blanks: {@code >}, or quoted or plain
   *     text that goes over several lines
   */
  record YamlScalar(int line, int column, String text, Style style, Kind kind, boolean joined)
      implements YamlValue {
    public boolean isNull() {
      return kind == Kind.NULL;
    }
  }

  /** How a scalar was written. */
  enum Style {
    PLAIN,
    QUOTED,
    BLOCK
  }

  /** What a scalar is. */
  enum Kind {
    TEXT,
    NUMBER,
    BOOLEAN,
    NULL
  }

  /** For messages: a mapping, a list, text... */
  default String describe() {
    return switch (this) {
      case YamlMap map -> "a mapping";
      case YamlList list -> "a list";
      case YamlScalar scalar ->
          switch (scalar.kind()) {
            case TEXT -> "text";
            case NUMBER -> "a number";
            case BOOLEAN -> "true or false";
            case NULL -> "nothing";
          };
    };
  }
}
