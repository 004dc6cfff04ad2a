package dev.drawbridge.install;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.util.Optional;

/**
 * What installing remembers.
 *
 * @param displacedDefault the default runtime that drawbridge took the place of, if the file named
 *     one
 */
record InstallState(Optional<String> displacedDefault) {
  private static final String DISPLACED = "displaced-default-runtime";

  /** Unreadable text counts as remembering nothing: uninstalling then restores Docker's default. */
  static InstallState parse(String text) {
    try {
      JsonElement element = JsonParser.parseString(text);
      return element instanceof JsonObject object
              && object.get(DISPLACED) instanceof JsonPrimitive p
          ? new InstallState(Optional.of(p.getAsString()))
          : new InstallState(Optional.empty());
    } catch (JsonParseException e) {
      return new InstallState(Optional.empty());
    }
  }

  String render() {
    JsonObject object = new JsonObject();
    displacedDefault.ifPresent(name -> object.addProperty(DISPLACED, name));
    return new GsonBuilder().setPrettyPrinting().create().toJson(object) + "\n";
  }
}
