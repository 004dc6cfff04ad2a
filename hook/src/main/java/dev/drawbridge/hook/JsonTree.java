package dev.drawbridge.hook;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;

/**
 * JSON that others wrote, as a tree. Numbers stay as they were spelled (gson parses them lazily),
 * unknown members stay where they were, and a member of an unexpected type reads as absent.
 */
final class JsonTree {
  /** Largest JSON file that is read whole. A config.json with 10,000 mounts has 2 MB. */
  static final int MAX_FILE_BYTES = 4 << 20;

  /** Values and names in one text: each takes some 100 bytes as a tree. */
  static final int MAX_TOKENS = 300_000;

  /** What all threads together may be reading; a larger text has the room to itself. */
  private static final Semaphore READING = new Semaphore(MAX_FILE_BYTES, true);

  private static final Gson WRITER =
      new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

  private JsonTree() {}

  static Attempt<JsonObject> read(Path file) {
    int room;
    try {
      room = (int) Math.min(Math.max(Files.size(file), 1), MAX_FILE_BYTES);
    } catch (IOException e) {
      room = 1;
    }
    READING.acquireUninterruptibly(room);
    try {
      return readNow(file);
    } finally {
      READING.release(room);
    }
  }

  private static Attempt<JsonObject> readNow(Path file) {
    byte[] bytes;
    try (var in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_FILE_BYTES + 1);
    } catch (NoSuchFileException e) {
      return Attempt.failed(file + " does not exist");
    } catch (IOException e) {
      return Attempt.failed(file + " cannot be read: " + reason(e));
    }
    if (bytes.length > MAX_FILE_BYTES) {
      return Attempt.failed(file + " is larger than " + (MAX_FILE_BYTES >> 20) + " MiB");
    }
    return parse(ByteBuffer.wrap(bytes), file.toString());
  }

  /**
   * @param what names the text in the sentence of a failure
   */
  static Attempt<JsonObject> parse(ByteBuffer json, String what) {
    String text;
    try {
      text =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(json)
              .toString();
    } catch (CharacterCodingException e) {
      return Attempt.failed(what + " is not UTF-8");
    }
    try {
      if (tokens(text) > MAX_TOKENS) {
        return Attempt.failed(what + " has more than " + MAX_TOKENS + " values");
      }
      JsonReader reader = new JsonReader(new StringReader(text));
      reader.setStrictness(Strictness.STRICT);
      JsonElement element = JsonParser.parseReader(reader);
      if (reader.peek() != JsonToken.END_DOCUMENT) {
        return Attempt.failed(what + " has something after its JSON value");
      }
      return element instanceof JsonObject object
          ? Attempt.done(object)
          : Attempt.failed(what + " is not a JSON object");
    } catch (JsonParseException | IOException | IllegalStateException e) {
      return Attempt.failed(what + " is not valid JSON: " + firstLine(e));
    }
  }

  /** At least as many as there are values: every value but the first follows one of these. */
  private static int tokens(String text) {
    int found = 1;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == ',' || c == ':' || c == '[') {
        found++;
      }
    }
    return found;
  }

  /** Compact, without HTML escapes, nulls kept. Empty if the tree holds a lone surrogate. */
  static Optional<byte[]> encode(JsonObject tree) {
    try {
      ByteBuffer out =
          StandardCharsets.UTF_8
              .newEncoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .encode(CharBuffer.wrap(WRITER.toJson(tree)));
      byte[] bytes = new byte[out.remaining()];
      out.get(bytes);
      return Optional.of(bytes);
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  static Optional<JsonObject> object(JsonObject tree, String name) {
    return tree.get(name) instanceof JsonObject object ? Optional.of(object) : Optional.empty();
  }

  static Optional<String> string(JsonObject tree, String name) {
    return tree.get(name) instanceof JsonPrimitive p && p.isString()
        ? Optional.of(p.getAsString())
        : Optional.empty();
  }

  static boolean isTrue(JsonObject tree, String name) {
    return tree.get(name) instanceof JsonPrimitive p && p.isBoolean() && p.getAsBoolean();
  }

  /** A whole number; one that does not fit a long reads as absent. */
  static OptionalLong number(JsonObject tree, String name) {
    if (tree.get(name) instanceof JsonPrimitive p && p.isNumber()) {
      try {
        return OptionalLong.of(Long.parseLong(p.getAsString()));
      } catch (NumberFormatException e) {
        return OptionalLong.empty();
      }
    }
    return OptionalLong.empty();
  }

  /** An object whose members are strings, as a map; members of other types are left out. */
  static SortedMap<String, String> strings(JsonObject tree, String name) {
    SortedMap<String, String> map = new TreeMap<>();
    object(tree, name)
        .ifPresent(object ->
            object
                .keySet()
                .forEach(key -> string(object, key).ifPresent(value -> map.put(key, value))));
    return map;
  }

  /** The members of an array that are objects; empty if it is absent or of another type. */
  static List<JsonObject> objects(JsonObject tree, String name) {
    List<JsonObject> found = new ArrayList<>();
    if (tree.get(name) instanceof JsonArray array) {
      for (JsonElement element : array) {
        if (element instanceof JsonObject object) {
          found.add(object);
        }
      }
    }
    return found;
  }

  /** The strings of an array; empty if it is absent or of another type. */
  static List<String> list(JsonObject tree, String name) {
    List<String> found = new ArrayList<>();
    if (tree.get(name) instanceof JsonArray array) {
      for (JsonElement element : array) {
        if (element instanceof JsonPrimitive p && p.isString()) {
          found.add(p.getAsString());
        }
      }
    }
    return found;
  }

  static String reason(IOException e) {
    String message = e.getMessage();
    String name = e.getClass().getSimpleName();
    return message == null ? name : name + " (" + message + ")";
  }

  private static String firstLine(Exception e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message.lines().findFirst().orElse("");
  }
}
