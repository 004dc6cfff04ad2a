package dev.drawbridge.daemon.config;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import dev.drawbridge.daemon.config.Config.ConfigException;
import dev.drawbridge.policy.labels.Nearest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a file says, each key held against the table of keys; what it leaves out has its default.
 */
final class Settings {
  private final ConfigText text;
  private final Map<String, JsonElement> values = new HashMap<>();

  private Settings(ConfigText text) {
    this.text = text;
  }

  /**
   * Checks every key.
   *
   * @throws ConfigException at the first key that does not exist, or whose value cannot be
   */
  static Settings of(ConfigText text) throws ConfigException {
    Settings settings = new Settings(text);
    settings.take("", text.tree());
    return settings;
  }

  private void take(String group, JsonObject tree) throws ConfigException {
    List<String> known = ConfigKey.namesIn(group);
    for (Map.Entry<String, JsonElement> entry : tree.entrySet()) {
      String name = group.isEmpty() ? entry.getKey() : group + "." + entry.getKey();
      if (!known.contains(entry.getKey())) {
        throw unknown(name, entry.getKey(), known);
      }
      JsonElement value = entry.getValue();
      if (group.isEmpty() && !ConfigKey.namesIn(name).isEmpty()) {
        if (!(value instanceof JsonObject inner)) {
          throw wrong(name, "keys such as " + ConfigKey.namesIn(name).getFirst(), value);
        }
        take(name, inner);
        continue;
      }
      KeyKind kind = ConfigKey.of(name).kind();
      if (!kind.takes(value)) {
        throw wrong(name, kind.expected(), value);
      }
      values.put(name, value);
    }
  }

  /** Whether the file says anything of it. */
  boolean has(String key) {
    return values.containsKey(key);
  }

  String text(String key) {
    JsonElement value = values.get(key);
    // The one default that is quoted in the table is the empty text.
    return value == null ? ConfigKey.of(key).standard().replace("\"\"", "") : value.getAsString();
  }

  boolean flag(String key) {
    JsonElement value = values.get(key);
    return value == null
        ? Boolean.parseBoolean(ConfigKey.of(key).standard())
        : value.getAsBoolean();
  }

  int number(String key) {
    JsonElement value = values.get(key);
    return value == null
        ? Integer.parseInt(ConfigKey.of(key).standard())
        : (int) value.getAsDouble();
  }

  List<String> texts(String key) {
    JsonElement value = values.get(key);
    return value == null
        ? List.of()
        : value.getAsJsonArray().asList().stream().map(JsonElement::getAsString).toList();
  }

  /** A value that cannot be, as it stands in the file. */
  ConfigException wrong(String key, String expected) {
    return wrong(key, expected, values.getOrDefault(key, JsonNull.INSTANCE));
  }

  private ConfigException wrong(String key, String expected, JsonElement found) {
    String shown = found.isJsonNull() ? "nothing" : AgentLog.oneLine(found.toString());
    return new ConfigException(
        text.atValue(key)
            + ", key \""
            + key
            + "\": expected "
            + expected
            + ", found "
            + (shown.length() > 200 ? shown.substring(0, 200) + "…" : shown));
  }

  private ConfigException unknown(String full, String name, List<String> known) {
    String shown = AgentLog.oneLine(full.length() > 100 ? full.substring(0, 100) + "…" : full);
    return new ConfigException(
        text.atKey(full)
            + ": unknown key \""
            + shown
            + "\"; "
            + Nearest.of(name, known)
                .map(nearest -> "did you mean \"" + nearest + "\"?")
                .orElse("known keys are " + known));
  }
}
