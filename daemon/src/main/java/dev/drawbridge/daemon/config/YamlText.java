package dev.drawbridge.daemon.config;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.drawbridge.daemon.config.Config.ConfigException;
import dev.drawbridge.daemon.config.ConfigText.Place;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.events.SequenceStartEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * The one reader of YAML in the agent, for the one file that only root can have written. From the
 * parser's events it makes maps, lists and scalars, and nothing else: one document, no tags, no
 * anchors and so no aliases, no merging, each key once. Plain scalars are what JSON has: {@code
 * true}, {@code false}, {@code null}, whole numbers and decimals; all others are text.
 */
final class YamlText {
  /** No key is deeper than a group; this leaves room to say what is wrong. */
  private static final int MAX_DEPTH = 8;

  private static final int MAX_CODE_POINTS = 1 << 20;

  /** No longer than what fits. */
  private static final Pattern WHOLE = Pattern.compile("-?(?:0|[1-9][0-9]{0,17})");

  private static final Pattern DECIMAL = Pattern.compile("-?(?:0|[1-9][0-9]{0,17})\\.[0-9]{1,18}");

  private final String where;
  private final Iterator<Event> events;
  private final Map<String, Place> keys = new HashMap<>();
  private final Map<String, Place> values = new HashMap<>();

  private YamlText(String where, Iterator<Event> events) {
    this.where = where;
    this.events = events;
  }

  /** Reads a file's text; one in which nothing stands has no keys. */
  static ConfigText read(String where, String text) throws ConfigException {
    LoadSettings settings =
        LoadSettings.builder().setCodePointLimit(MAX_CODE_POINTS).setUseMarks(true).build();
    try {
      return new YamlText(where, new Parse(settings).parseString(text).iterator()).document();
    } catch (MarkedYamlEngineException e) {
      throw new ConfigException(
          at(where, e.getProblemMark().or(e::getContextMark))
              + ": not YAML: "
              + AgentLog.oneLine(String.valueOf(e.getProblem())));
    } catch (YamlEngineException e) {
      throw new ConfigException(
          "configuration "
              + where
              + ": not YAML: "
              + AgentLog.oneLine(String.valueOf(e.getMessage())));
    }
  }

  private ConfigText document() throws ConfigException {
    JsonObject tree = new JsonObject();
    boolean read = false;
    while (events.hasNext()) {
      Event event = events.next();
      if (!(event instanceof NodeEvent node)) {
        continue;
      }
      if (read) {
        throw wrong(node, "a second document; expected one");
      }
      JsonElement value = value(node, "", 0);
      if (value instanceof JsonObject object) {
        tree = object;
      } else if (!value.isJsonNull()) {
        throw wrong(node, "expected keys such as \"defaultDeny: true\"");
      }
      read = true;
    }
    return new ConfigText(where, tree, keys, values);
  }

  private JsonElement value(NodeEvent node, String path, int depth) throws ConfigException {
    if (node instanceof AliasEvent || node.getAnchor().isPresent()) {
      throw wrong(node, "an anchor or alias (& or *); write the value where it holds, or quote it");
    }
    if (depth > MAX_DEPTH) {
      throw wrong(node, "nested too deeply; no key is in more than one group");
    }
    return switch (node) {
      case ScalarEvent scalar -> {
        refuse(scalar, scalar.getTag());
        yield scalar.isPlain() ? plain(scalar.getValue()) : new JsonPrimitive(scalar.getValue());
      }
      case SequenceStartEvent list -> list(list, path, depth);
      case MappingStartEvent map -> map(map, path, depth);
      default -> throw wrong(node, "expected a key, a list or a value");
    };
  }

  private JsonElement list(CollectionStartEvent begin, String path, int depth)
      throws ConfigException {
    refuse(begin, begin.getTag());
    JsonArray list = new JsonArray();
    while (events.next() instanceof NodeEvent item) {
      list.add(value(item, path, depth + 1));
    }
    return list;
  }

  private JsonElement map(CollectionStartEvent begin, String path, int depth)
      throws ConfigException {
    refuse(begin, begin.getTag());
    JsonObject map = new JsonObject();
    while (events.next() instanceof NodeEvent key) {
      if (!(key instanceof ScalarEvent scalar) || key.getAnchor().isPresent()) {
        throw wrong(key, "a key that is not plain text");
      }
      refuse(scalar, scalar.getTag());
      String name = scalar.getValue();
      if (map.has(name)) {
        throw wrong(key, "the key \"" + AgentLog.oneLine(name) + "\" stands here twice");
      }
      String full = path.isEmpty() ? name : path + "." + name;
      keys.put(full, place(key.getStartMark()));
      NodeEvent node = (NodeEvent) events.next();
      values.put(full, place(node.getStartMark()));
      map.add(name, value(node, full, depth + 1));
    }
    return map;
  }

  private static JsonElement plain(String text) {
    return switch (text) {
      case "true" -> new JsonPrimitive(true);
      case "false" -> new JsonPrimitive(false);
      case "null", "~", "" -> JsonNull.INSTANCE;
      default -> {
        if (WHOLE.matcher(text).matches()) {
          yield new JsonPrimitive(Long.valueOf(text));
        }
        yield DECIMAL.matcher(text).matches()
            ? new JsonPrimitive(Double.valueOf(text))
            : new JsonPrimitive(text);
      }
    };
  }

  private void refuse(NodeEvent node, Optional<String> tag) throws ConfigException {
    if (tag.isPresent()) {
      throw wrong(node, "the tag " + AgentLog.oneLine(tag.get()) + "; tags are not read");
    }
  }

  private ConfigException wrong(NodeEvent node, String what) {
    return new ConfigException(at(where, node.getStartMark()) + ": " + what);
  }

  private static String at(String where, Optional<Mark> mark) {
    Place place = place(mark);
    return "configuration " + where + ":" + place.line() + ":" + place.column();
  }

  private static Place place(Optional<Mark> mark) {
    return mark.map(m -> new Place(m.getLine() + 1, m.getColumn() + 1)).orElse(new Place(1, 1));
  }
}
