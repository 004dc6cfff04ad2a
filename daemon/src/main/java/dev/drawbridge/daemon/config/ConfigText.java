package dev.drawbridge.daemon.config;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.drawbridge.daemon.config.Config.ConfigException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A configuration file as it was written: maps, lists and scalars, and where they stand.
 *
 * @param where the file, for messages
 * @param tree what stands in it
 * @param keys where each key stands, by its name with its group's
 * @param values where each key's value begins
 */
record ConfigText(
    String where, JsonObject tree, Map<String, Place> keys, Map<String, Place> values) {

  /** A configuration file beyond this size, in bytes, is refused. */
  private static final int MAX_FILE_BYTES = 1 << 20;

  /** Both count from 1. */
  record Place(int line, int column) {}

  ConfigText {
    keys = Map.copyOf(keys);
    values = Map.copyOf(values);
  }

  /** With nobody who knows where anything stands. */
  static ConfigText of(String where, JsonObject tree) {
    return new ConfigText(where, tree, Map.of(), Map.of());
  }

  /**
   * Reads a file that only root, or whom the agent runs as, can have written: JSON where its name
   * ends so, else YAML.
   */
  static ConfigText read(Path file) throws ConfigException {
    String text;
    try {
      // Who can change where a link leads chooses among all that root has written.
      Path named = file.toAbsolutePath().getParent();
      Optional<String> above = named == null ? Optional.empty() : HostFile.untrusted(named);
      if (above.isPresent()) {
        throw new ConfigException("configuration " + file + " cannot be trusted: " + above.get());
      }
      Path place = file.toRealPath();
      text = HostFile.read(place, Path.of("/"), MAX_FILE_BYTES);
    } catch (HostFile.Refused e) {
      throw new ConfigException("configuration " + file + " " + e.why());
    } catch (CharacterCodingException e) {
      throw new ConfigException("configuration " + file + " is not UTF-8");
    } catch (IOException e) {
      throw new ConfigException(
          "configuration " + file + " cannot be read: " + e.getMessage() + "; check --config");
    }
    return file.toString().endsWith(".json")
        ? json(file.toString(), text)
        : YamlText.read(file.toString(), text);
  }

  private static ConfigText json(String where, String text) throws ConfigException {
    JsonElement parsed;
    try {
      parsed = JsonParser.parseString(text);
    } catch (JsonParseException e) {
      throw new ConfigException("configuration " + where + " is not JSON: " + e.getMessage());
    }
    if (!parsed.isJsonObject()) {
      throw new ConfigException("configuration " + where + ": expected a JSON object");
    }
    return of(where, parsed.getAsJsonObject());
  }

  /** For messages about a key. */
  String atKey(String key) {
    return at(Optional.ofNullable(keys.get(key)));
  }

  /** For messages about what stands at a key. */
  String atValue(String key) {
    return at(Optional.ofNullable(values.get(key)));
  }

  private String at(Optional<Place> place) {
    return "configuration " + where + place.map(p -> ":" + p.line() + ":" + p.column()).orElse("");
  }
}
