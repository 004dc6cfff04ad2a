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
 * @param displacedContainerd the same of containerd's CRI
 */
record InstallState(Optional<String> displacedDefault, Optional<String> displacedContainerd) {
  private static final String DISPLACED = "displaced-default-runtime";
  private static final String OF_CONTAINERD = "displaced-containerd-runtime";

  /** Unreadable text counts as remembering nothing: uninstalling then restores Docker's default. */
  static InstallState parse(String text) {
    try {
      JsonElement element = JsonParser.parseString(text);
      return element instanceof JsonObject object
          ? new InstallState(name(object, DISPLACED), name(object, OF_CONTAINERD))
          : new InstallState(Optional.empty(), Optional.empty());
    } catch (JsonParseException e) {
      return new InstallState(Optional.empty(), Optional.empty());
    }
  }

  private static Optional<String> name(JsonObject object, String key) {
    return object.get(key) instanceof JsonPrimitive p
        ? Optional.of(p.getAsString())
        : Optional.empty();
  }

  String render() {
    JsonObject object = new JsonObject();
    displacedDefault.ifPresent(name -> object.addProperty(DISPLACED, name));
    displacedContainerd.ifPresent(name -> object.addProperty(OF_CONTAINERD, name));
    return new GsonBuilder().setPrettyPrinting().create().toJson(object) + "\n";
  }
}
