package dev.drawbridge.install;

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
import java.util.Optional;

/** JSON of a file that is read whole, as a tree whose numbers stay as they were spelled. */
final class JsonText {
  private JsonText() {}

  /**
   * The object that a text is, by the letter of RFC 8259.
   *
   * @throws InstallException that says, without the file's name, what it is instead
   */
  static JsonObject object(String text) throws InstallException {
    JsonElement element;
    boolean more;
    try {
      JsonReader reader = new JsonReader(new StringReader(text));
      reader.setStrictness(Strictness.STRICT);
      element = JsonParser.parseReader(reader);
      more = reader.peek() != JsonToken.END_DOCUMENT;
    } catch (JsonParseException | IOException | IllegalStateException e) {
      String message = e.getMessage();
      throw new InstallException(
          "it is not valid JSON"
              + (message == null ? "" : ": " + message.lines().findFirst().orElse("")),
          e);
    }
    if (more) {
      throw new InstallException("there is something after its JSON value");
    }
    if (element instanceof JsonObject object) {
      return object;
    }
    throw new InstallException("it is not a JSON object");
  }

  /** A member that is a string. */
  static Optional<String> string(JsonObject tree, String key) {
    return tree.get(key) instanceof JsonPrimitive p && p.isString()
        ? Optional.of(p.getAsString())
        : Optional.empty();
  }
}
