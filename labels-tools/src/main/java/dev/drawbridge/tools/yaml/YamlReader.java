package dev.drawbridge.tools.yaml;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** Reads a stream of documents. */
public final class YamlReader {
  private static final int MAX_CODE_POINTS = 1 << 20;
  private static final int MAX_NODES = 100_000;
  private static final int MAX_DEPTH = 60;
  private static final String MERGE = "<<";
  private static final String YAML = "tag:yaml.org,2002:";
  private static final List<String> READ = List.of("str", "null", "bool", "int", "float", "merge");

  private final List<Mistake> mistakes = new ArrayList<>();
  private final IdentityHashMap<Node, Boolean> open = new IdentityHashMap<>();
  private int nodes;

  private YamlReader() {}

  /** What is wrong, and where. */
  public record Mistake(int line, int column, String message) {}

  /**
   * The documents, empty ones left out.
   *
   * @param mistakes if there is any, the documents are not to be trusted
   */
  public record Documents(List<YamlValue> documents, List<Mistake> mistakes) {
    public Documents {
      documents = List.copyOf(documents);
      mistakes = List.copyOf(mistakes);
    }
  }

  /** Reads all documents of a text. */
  public static Documents read(String text) {
    var reader = new YamlReader();
    var documents = new ArrayList<YamlValue>();
    if (text.length() > MAX_CODE_POINTS) {
      reader.mistakes.add(new Mistake(1, 1, "the file is larger than 1 MiB"));
      return new Documents(documents, reader.mistakes);
    }
    var settings =
        LoadSettings.builder()
            .setCodePointLimit(MAX_CODE_POINTS)
            .setUseMarks(true)
            // Real files have hundreds of aliases. What bounds a bomb is the count of nodes below.
            .setMaxAliasesForCollections(MAX_NODES)
            .build();
    try {
      for (Node node : new Compose(settings).composeAllFromString(text)) {
        YamlValue value = reader.value(node, 0);
        if (!(value instanceof YamlValue.YamlScalar scalar && scalar.isNull())) {
          documents.add(value);
        }
      }
    } catch (MarkedYamlEngineException e) {
      Optional<Mark> mark = e.getProblemMark().or(e::getContextMark);
      reader.mistakes.add(
          new Mistake(
              mark.map(m -> m.getLine() + 1).orElse(1),
              mark.map(m -> m.getColumn() + 1).orElse(1),
              String.valueOf(e.getProblem())));
    } catch (YamlEngineException | StackOverflowError e) {
      reader.mistakes.add(new Mistake(1, 1, oneLine(e)));
    }
    return new Documents(documents, reader.mistakes);
  }

  private static String oneLine(Throwable e) {
    String message = e.getMessage();
    return message == null ? "nested too deeply" : message.lines().findFirst().orElse("not YAML");
  }

  private YamlValue value(Node node, int depth) {
    int line = node.getStartMark().map(m -> m.getLine() + 1).orElse(1);
    int column = node.getStartMark().map(m -> m.getColumn() + 1).orElse(1);
    if (++nodes > MAX_NODES || depth > MAX_DEPTH || open.containsKey(node)) {
      if (nodes <= MAX_NODES + 1) {
        nodes = MAX_NODES + 1;
        mistakes.add(new Mistake(line, column, "too large, too deep, or a loop of aliases"));
      }
      return nothing(line, column);
    }
    return switch (node) {
      case ScalarNode scalar -> {
        String tag = scalar.getTag().getValue();
        if (tag.startsWith(YAML) && !READ.contains(tag.substring(YAML.length()))) {
          mistakes.add(new Mistake(line, column, "the tag " + tag + " is not read"));
        }
        yield scalar(scalar, line, column);
      }
      case SequenceNode sequence -> {
        open.put(node, true);
        var items = new ArrayList<YamlValue>();
        for (Node item : sequence.getValue()) {
          if (!ownTag(item).isEmpty()) {
            mistakes.add(new Mistake(line, column, "the tag " + ownTag(item) + " in a list"));
          }
          items.add(value(item, depth + 1));
        }
        open.remove(node);
        yield new YamlValue.YamlList(line, column, items);
      }
      case MappingNode mapping -> {
        open.put(node, true);
        YamlValue map = map(mapping, line, column, depth);
        open.remove(node);
        yield map;
      }
      default -> nothing(line, column);
    };
  }

  private static YamlValue nothing(int line, int column) {
    return new YamlValue.YamlScalar(
        line, column, "", YamlValue.Style.PLAIN, YamlValue.Kind.NULL, false);
  }

  private static int lastLine(Node node, int line) {
    return node.getEndMark().map(m -> m.getLine() + 1).orElse(line);
  }

  /** A tag that YAML itself does not have, such as {@code !reset}; empty if there is none. */
  private static String ownTag(Node node) {
    String tag = node.getTag().getValue();
    // The reader's own name for a plain ${X}, which it would replace if it were asked to.
    return tag.startsWith(YAML) || tag.equals("!ENV_VARIABLE") ? "" : tag;
  }

  private static YamlValue scalar(ScalarNode node, int line, int column) {
    ScalarStyle style = node.getScalarStyle();
    boolean block = style == ScalarStyle.LITERAL || style == ScalarStyle.FOLDED;
    Tag tag = node.getTag();
    YamlValue.Kind kind =
        tag.equals(Tag.NULL)
            ? YamlValue.Kind.NULL
            : tag.equals(Tag.BOOL)
                ? YamlValue.Kind.BOOLEAN
                : tag.equals(Tag.INT) || tag.equals(Tag.FLOAT)
                    ? YamlValue.Kind.NUMBER
                    : YamlValue.Kind.TEXT;
    return new YamlValue.YamlScalar(
        line,
        column,
        node.getValue(),
        block
            ? YamlValue.Style.BLOCK
            : node.isPlain() ? YamlValue.Style.PLAIN : YamlValue.Style.QUOTED,
        kind,
        style == ScalarStyle.FOLDED || (!block && lastLine(node, line) > line));
  }

  private YamlValue map(MappingNode node, int line, int column, int depth) {
    var entries = new ArrayList<YamlValue.Entry>();
    var merged = new ArrayList<YamlValue.Entry>();
    Set<String> keys = new HashSet<>();
    for (NodeTuple tuple : node.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode keyNode)) {
        mistakes.add(new Mistake(line, column, "a key that is not text"));
        continue;
      }
      String key = keyNode.getValue();
      int keyLine = keyNode.getStartMark().map(m -> m.getLine() + 1).orElse(line);
      int keyColumn = keyNode.getStartMark().map(m -> m.getColumn() + 1).orElse(column);
      YamlValue value = value(tuple.getValueNode(), depth + 1);
      if (key.equals(MERGE) && keyNode.isPlain()) {
        if (!keys.add(MERGE)) {
          mistakes.add(new Mistake(keyLine, keyColumn, "<< stands here twice; a list is meant"));
        }
        merge(value, merged);
        continue;
      }
      if (!keys.add(key)) {
        mistakes.add(new Mistake(keyLine, keyColumn, "the key '" + key + "' stands here twice"));
        continue;
      }
      entries.add(
          new YamlValue.Entry(key, keyLine, keyColumn, value, ownTag(tuple.getValueNode())));
    }
    for (YamlValue.Entry entry : merged) {
      if (keys.add(entry.key())) {
        entries.add(entry);
      }
    }
    return new YamlValue.YamlMap(line, column, entries);
  }

  private void merge(YamlValue value, List<YamlValue.Entry> into) {
    switch (value) {
      case YamlValue.YamlMap map -> into.addAll(map.entries());
      case YamlValue.YamlList list -> {
        for (YamlValue item : list.items()) {
          if (item instanceof YamlValue.YamlMap map) {
            into.addAll(map.entries());
          } else {
            mistakes.add(new Mistake(item.line(), item.column(), "<< takes mappings only"));
          }
        }
      }
      case YamlValue.YamlScalar scalar ->
          mistakes.add(new Mistake(scalar.line(), scalar.column(), "<< takes mappings only"));
    }
  }
}
