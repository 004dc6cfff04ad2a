package dev.drawbridge.hook;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;

/**
 * Some members of a large JSON file that others wrote, an image's author among them: the file goes
 * by as a stream, and what is kept has a limit. Engines read these files with Go's encoding/json,
 * which folds the case of keys and merges what stands twice; a file that it could read in another
 * way than this class does fails.
 */
public final class JsonParts {
  /** Largest file that is gone through. */
  public static final int MAX_FILE_BYTES = 16 << 20;

  /** What is kept of a file, in characters; each value counts {@link #ELEMENT} more. */
  public static final int MAX_KEPT = 1 << 20;

  private static final int ELEMENT = 32;
  private static final int MAX_DEPTH = 32;

  private final JsonReader reader;
  private final Set<String> wanted;
  private int kept;

  private JsonParts(JsonReader reader, Set<String> wanted) {
    this.reader = reader;
    this.wanted = wanted;
  }

  /**
   * Reads what is wanted.
   *
   * @param wanted where it stands, as {@code Config.Labels}; whole values, whatever their type
   */
  public static Attempt<JsonObject> read(Path file, Set<String> wanted) {
    return read(file, wanted, Optional.empty());
  }

  /** As {@link #read(Path, Set)}, of a file that must have this SHA-256 digest, in hexadecimal. */
  public static Attempt<JsonObject> verified(Path file, String sha256, Set<String> wanted) {
    return read(file, wanted, Optional.of(sha256));
  }

  private static Attempt<JsonObject> read(
      Path file, Set<String> wanted, Optional<String> expected) {
    try (InputStream in = Files.newInputStream(file)) {
      if (Files.size(file) > MAX_FILE_BYTES) {
        return Attempt.failed(file + " is larger than " + (MAX_FILE_BYTES >> 20) + " MiB");
      }
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      InputStream digested = new DigestInputStream(new BufferedInputStream(in), digest);
      JsonReader reader = new JsonReader(new InputStreamReader(digested, StandardCharsets.UTF_8));
      reader.setStrictness(Strictness.STRICT);
      JsonParts parts = new JsonParts(reader, wanted);
      if (reader.peek() != JsonToken.BEGIN_OBJECT) {
        return Attempt.failed(file + " is not a JSON object");
      }
      JsonObject found = parts.object("");
      if (reader.peek() != JsonToken.END_DOCUMENT) {
        return Attempt.failed(file + " has something after its JSON value");
      }
      long _ = digested.transferTo(java.io.OutputStream.nullOutputStream());
      boolean right =
          expected.isEmpty()
              || MessageDigest.isEqual(HexFormat.of().parseHex(expected.get()), digest.digest());
      return right ? Attempt.done(found) : Attempt.failed(file + " is not what its name says");
    } catch (NoSuchFileException e) {
      return Attempt.failed(file + " does not exist");
    } catch (MalformedJsonException | IllegalStateException | NumberFormatException e) {
      return Attempt.failed(
          file
              + " is not valid JSON: "
              + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
    } catch (IOException e) {
      return Attempt.failed(file + " cannot be read: " + JsonTree.reason(e));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** The object at a place that leads to something wanted. */
  private JsonObject object(String place) throws IOException {
    JsonObject made = new JsonObject();
    reader.beginObject();
    while (reader.hasNext()) {
      String name = reader.nextName();
      String at = place.isEmpty() ? name : place + "." + name;
      boolean whole = wanted.contains(at);
      boolean leads = wanted.stream().anyMatch(path -> path.startsWith(at + "."));
      if (!whole && !leads) {
        refuseAlike(place, at);
        reader.skipValue();
        continue;
      }
      if (made.has(name)) {
        throw new MalformedJsonException("\"" + at + "\" stands twice");
      }
      made.add(
          name,
          leads && reader.peek() == JsonToken.BEGIN_OBJECT ? object(at) : element(at, MAX_DEPTH));
    }
    reader.endObject();
    return made;
  }

  /** What Go takes for a member that is wanted, and this class does not. */
  private void refuseAlike(String place, String at) throws IOException {
    String folded = fold(at);
    for (String path : wanted) {
      int end = path.indexOf('.', place.isEmpty() ? 0 : place.length() + 1);
      if (fold(end < 0 ? path : path.substring(0, end)).equals(folded)) {
        throw new MalformedJsonException("\"" + at + "\" reads as \"" + path + "\" to some");
      }
    }
  }

  /** By upper and then lower case, as the folding of encoding/json has it for the long s and K. */
  private static String fold(String text) {
    return text.toUpperCase(java.util.Locale.ROOT).toLowerCase(java.util.Locale.ROOT);
  }

  private JsonElement element(String at, int depth) throws IOException {
    if (depth == 0) {
      throw new MalformedJsonException("\"" + at + "\" nests too deep");
    }
    charge(at, ELEMENT);
    return switch (reader.peek()) {
      case BEGIN_OBJECT -> {
        JsonObject object = new JsonObject();
        reader.beginObject();
        while (reader.hasNext()) {
          String name = reader.nextName();
          charge(at, name.length());
          if (object.has(name)) {
            throw new MalformedJsonException("\"" + at + "." + name + "\" stands twice");
          }
          object.add(name, element(at, depth - 1));
        }
        reader.endObject();
        yield object;
      }
      case BEGIN_ARRAY -> {
        JsonArray array = new JsonArray();
        reader.beginArray();
        while (reader.hasNext()) {
          array.add(element(at, depth - 1));
        }
        reader.endArray();
        yield array;
      }
      case STRING -> {
        String text = reader.nextString();
        charge(at, text.length());
        yield new JsonPrimitive(text);
      }
      case NUMBER -> {
        String text = reader.nextString();
        charge(at, text.length());
        yield new JsonPrimitive(new java.math.BigDecimal(text));
      }
      case BOOLEAN -> new JsonPrimitive(reader.nextBoolean());
      case NULL -> {
        reader.nextNull();
        yield JsonNull.INSTANCE;
      }
      case END_ARRAY, END_OBJECT, END_DOCUMENT, NAME ->
          throw new MalformedJsonException("\"" + at + "\" has no value");
    };
  }

  private void charge(String at, int characters) throws IOException {
    kept += characters;
    if (kept > MAX_KEPT) {
      throw new MalformedJsonException(
          "\"" + at + "\" goes beyond the " + MAX_KEPT + " characters that are kept of a file");
    }
  }
}
