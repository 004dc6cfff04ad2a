package dev.drawbridge.daemon.config;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** What may stand at a key. */
sealed interface KeyKind {

  /** Whether a value is one. */
  boolean takes(JsonElement value);

  /** What was expected, for messages. */
  String expected();

  /** The same, as short as a table wants it. */
  default String range() {
    return expected();
  }

  /** True or false. */
  record Flag() implements KeyKind {
    @Override
    public boolean takes(JsonElement value) {
      return value instanceof JsonPrimitive primitive && primitive.isBoolean();
    }

    @Override
    public String expected() {
      return "true or false";
    }
  }

  /** A whole number; both bounds are in it. */
  record WholeNumber(int least, int most) implements KeyKind {
    @Override
    public boolean takes(JsonElement value) {
      if (!(value instanceof JsonPrimitive primitive) || !primitive.isNumber()) {
        return false;
      }
      double number = primitive.getAsDouble();
      return number == Math.rint(number) && number >= least && number <= most;
    }

    @Override
    public String expected() {
      return "a whole number from " + range();
    }

    @Override
    public String range() {
      return least + " to " + most;
    }
  }

  /** A whole number of bytes that is a power of two. */
  record PowerOfTwo(int least, int most) implements KeyKind {
    @Override
    public boolean takes(JsonElement value) {
      return new WholeNumber(least, most).takes(value)
          && Integer.bitCount((int) value.getAsDouble()) == 1;
    }

    @Override
    public String expected() {
      return "a power of two, in bytes, from " + range();
    }

    @Override
    public String range() {
      return least + " to " + most;
    }
  }

  /** One of some words. */
  record OneOf(List<String> words) implements KeyKind {
    @Override
    public boolean takes(JsonElement value) {
      return isText(value) && words.contains(value.getAsString());
    }

    @Override
    public String expected() {
      return words.stream().map(word -> "\"" + word + "\"").collect(Collectors.joining(" or "));
    }

    @Override
    public String range() {
      return String.join(" or ", words);
    }
  }

  /** Any text. */
  record Text(String range) implements KeyKind {
    @Override
    public boolean takes(JsonElement value) {
      return isText(value);
    }

    @Override
    public String expected() {
      return "a string: " + range;
    }
  }

  /** A list of texts. */
  record Texts(String what) implements KeyKind {
    @Override
    public boolean takes(JsonElement value) {
      return value instanceof JsonArray list && list.asList().stream().allMatch(KeyKind::isText);
    }

    @Override
    public String expected() {
      return "a list of strings";
    }

    @Override
    public String range() {
      return what;
    }
  }

  /** The absolute path of a file or directory. */
  record Place() implements KeyKind {
    @Override
    public boolean takes(JsonElement value) {
      return isText(value) && isPath(value.getAsString(), true);
    }

    @Override
    public String expected() {
      return "an absolute path";
    }
  }

  /** The absolute path of something that there may not be. */
  record PlaceOrNothing(String what) implements KeyKind {
    @Override
    public boolean takes(JsonElement value) {
      return isText(value) && (value.getAsString().isEmpty() || isPath(value.getAsString(), true));
    }

    @Override
    public String expected() {
      return "the absolute path of " + what + ", or \"\"";
    }

    @Override
    public String range() {
      return "absolute path, or \"\"";
    }
  }

  /** A relative path that does not lead out of where it begins. */
  record Below(String where) implements KeyKind {
    @Override
    public boolean takes(JsonElement value) {
      return isText(value)
          && isPath(value.getAsString(), false)
          && !value.getAsString().isBlank()
          && !Path.of(value.getAsString()).normalize().equals(Path.of(""))
          && !Path.of(value.getAsString()).normalize().startsWith("..");
    }

    @Override
    public String expected() {
      return "a relative path below " + where;
    }
  }

  private static boolean isText(JsonElement value) {
    return value instanceof JsonPrimitive primitive && primitive.isString();
  }

  private static boolean isPath(String text, boolean absolute) {
    try {
      return Path.of(text).isAbsolute() == absolute;
    } catch (InvalidPathException e) {
      return false;
    }
  }
}
