package dev.drawbridge.l7;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a record is about. What an engine read is a {@link Spoken}, of which each protocol has its
 * own; nobody else has to know which there are.
 */
public sealed interface Asked {
  /** What records are filtered by: lower case, such as {@code http1}. */
  String protocol();

  /**
   * What rules call it, if that is one of a few words: requests are counted by it. Empty if not.
   */
  default String verb() {
    return "";
  }

  /** What was asked, on one line, for people; empty if nothing was. */
  String text();

  /**
   * The same by name, in the order of showing: text, whole numbers as {@link Long}, lists of text.
   */
  Map<String, Object> fields();

  /** A connection of which nothing was read, and of which nothing went on. */
  record Connection() implements Asked {
    @Override
    public String protocol() {
      return "tcp";
    }

    @Override
    public String text() {
      return "";
    }

    @Override
    public Map<String, Object> fields() {
      return Map.of();
    }
  }

  /**
   * A connection that was carried without being read, or after nobody could read it.
   *
   * @param read how many of its first bytes were looked at in vain
   */
  record Tunnel(long read) implements Asked {
    @Override
    public String protocol() {
      return "tunnel";
    }

    @Override
    public String text() {
      return "unread";
    }

    @Override
    public Map<String, Object> fields() {
      return Map.of("readBytes", read);
    }
  }

  /** Something that an engine read: a request, a call, a hello. Immutable. */
  non-sealed interface Spoken extends Asked {}

  /** The fields of a record, in that order: names and values in turn. */
  static Map<String, Object> fields(Object... namesAndValues) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.put((String) namesAndValues[i], checked(namesAndValues[i + 1]));
    }
    return Collections.unmodifiableMap(fields);
  }

  private static Object checked(Object value) {
    return switch (value) {
      case String text -> text;
      case Integer number -> number.longValue();
      case Long number -> number;
      case List<?> texts -> List.copyOf(texts);
      default -> throw new IllegalArgumentException("a record cannot hold " + value.getClass());
    };
  }
}
