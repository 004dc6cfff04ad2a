package dev.drawbridge.api.question;

import dev.drawbridge.api.ApiLimits;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The query string of a request (RFC 3986 section 3.4), read strictly: percent-encoding must be
 * whole and valid UTF-8, a control character never appears, and {@code +} is a plus.
 */
public final class Query {
  private final Map<String, List<String>> values;

  private Query(Map<String, List<String>> values) {
    this.values = values;
  }

  /** {@code raw} is what stands after the question mark, or empty. */
  public static Query parse(String raw) throws Refusal {
    Map<String, List<String>> values = new LinkedHashMap<>();
    if (raw.isEmpty()) {
      return new Query(values);
    }
    List<String> pairs = split(raw, '&');
    if (pairs.size() > ApiLimits.PARAMETERS) {
      throw bad("query", "more than " + ApiLimits.PARAMETERS + " parameters", "fewer");
    }
    for (String pair : pairs) {
      int equals = pair.indexOf('=');
      String name = decode(equals < 0 ? pair : pair.substring(0, equals));
      String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
      if (name.isEmpty()) {
        throw bad("query", "a parameter without a name", "name=value pairs joined by &");
      }
      values.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
    }
    return new Query(values);
  }

  /** From names and values in turn, as they are. */
  static Query of(List<String> pairs) throws Refusal {
    Map<String, List<String>> values = new LinkedHashMap<>();
    for (int i = 0; i + 1 < pairs.size(); i += 2) {
      if (pairs.get(i + 1).chars().anyMatch(Character::isISOControl)) {
        throw bad(pairs.get(i), "a control character", "printable text");
      }
      values.computeIfAbsent(pairs.get(i), n -> new ArrayList<>()).add(pairs.get(i + 1));
    }
    return new Query(values);
  }

  /** Cuts at every separator; two in a row give an empty piece between them. */
  static List<String> split(String text, char separator) {
    List<String> pieces = new ArrayList<>();
    int start = 0;
    for (int at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, start)) {
      pieces.add(text.substring(start, at));
      start = at + 1;
    }
    pieces.add(text.substring(start));
    return pieces;
  }

  /**
   * Refuses every name that is neither in {@code known} nor begins with {@code prefix} (which may
   * be empty for none).
   */
  public void allowOnly(List<String> known, String prefix) throws Refusal {
    for (String name : values.keySet()) {
      if (!known.contains(name) && (prefix.isEmpty() || !name.startsWith(prefix))) {
        String expected =
            known.isEmpty()
                ? "no parameter"
                : "one of "
                    + String.join(", ", known)
                    + (prefix.isEmpty() ? "" : ", " + prefix + "NAME");
        throw new Refusal(400, "unknown-parameter", "unknown parameter \"" + name + "\"", expected);
      }
    }
  }

  /** The only value of this parameter; empty if it was not given. */
  public Optional<String> one(String name) throws Refusal {
    List<String> given = values.getOrDefault(name, List.of());
    if (given.size() > 1) {
      throw bad(name, "given " + given.size() + " times", "once");
    }
    return given.stream().findFirst();
  }

  String required(String name, String expected) throws Refusal {
    Optional<String> given = one(name);
    if (given.isEmpty()) {
      throw new Refusal(
          400, "missing-parameter", "parameter \"" + name + "\" is missing", expected);
    }
    return given.get();
  }

  /** A decimal number of at most nine digits, without sign. */
  public Optional<Integer> number(String name, int low, int high) throws Refusal {
    Optional<String> given = one(name);
    if (given.isEmpty()) {
      return Optional.empty();
    }
    String text = given.get();
    boolean digits =
        !text.isEmpty() && text.length() <= 9 && text.chars().allMatch(c -> c >= '0' && c <= '9');
    if (!digits || Integer.parseInt(text) < low || Integer.parseInt(text) > high) {
      throw bad(
          name, "\"" + text + "\" is not usable", "a whole number from " + low + " to " + high);
    }
    return Optional.of(Integer.parseInt(text));
  }

  /** 1 or true, 0 or false; false if not given. */
  public boolean flag(String name) throws Refusal {
    String text = one(name).orElse("0");
    return switch (text) {
      case "1", "true" -> true;
      case "0", "false" -> false;
      default -> throw bad(name, "\"" + text + "\" is not usable", "1 or 0");
    };
  }

  /** Every parameter whose name begins with {@code prefix}, by the rest of its name. */
  Map<String, List<String>> withPrefix(String prefix) {
    Map<String, List<String>> found = new LinkedHashMap<>();
    values.forEach((name, given) -> {
      if (name.startsWith(prefix)) {
        found.put(name.substring(prefix.length()), given);
      }
    });
    return found;
  }

  static Refusal bad(String parameter, String what, String expected) {
    return new Refusal(400, "bad-parameter", "parameter \"" + parameter + "\": " + what, expected);
  }

  private static String decode(String raw) throws Refusal {
    byte[] bytes = new byte[raw.length()];
    int length = 0;
    for (int at = 0; at < raw.length(); at++) {
      char c = raw.charAt(at);
      if (c > 0x7e) {
        throw bad("query", "a byte that is not ASCII", "percent-encoded UTF-8");
      }
      int octet = c;
      if (c == '%') {
        boolean room = at + 2 < raw.length();
        int high = room ? Character.digit(raw.charAt(at + 1), 16) : -1;
        int low = room ? Character.digit(raw.charAt(at + 2), 16) : -1;
        if (high < 0 || low < 0) {
          throw bad(
              "query", "a percent sign without two hexadecimal digits", "%25 for a percent sign");
        }
        octet = high << 4 | low;
        at += 2;
      }
      bytes[length++] = (byte) octet;
    }
    if (length > ApiLimits.PARAMETER) {
      throw bad("query", "a value longer than " + ApiLimits.PARAMETER + " bytes", "less");
    }
    String text;
    try {
      text =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, 0, length)).toString();
    } catch (CharacterCodingException e) {
      throw bad("query", "percent-encoded bytes that are not UTF-8", "percent-encoded UTF-8");
    }
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw bad("query", "a control character", "printable text");
    }
    return text;
  }
}
