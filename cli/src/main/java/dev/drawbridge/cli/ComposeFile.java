package dev.drawbridge.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * The services of a compose file and their labels, each with the line it stands on. Reads what the
 * compose specification says of {@code services.NAME.labels} (a mapping, or a list of {@code
 * KEY=VALUE}) and nothing else; merge keys are followed, {@code $$} becomes {@code $}, variables
 * stay as they are written.
 *
 * @param services by name, in the order of the file
 */
record ComposeFile(Map<String, Service> services) {

  /** Bytes of a compose file. */
  static final int LONGEST = 4 << 20;

  /** Merge keys within merge keys. */
  private static final int DEEPEST_MERGE = 10;

  /**
   * A service.
   *
   * @param labels every label, those that compose itself adds included
   * @param lines line of each label that stands in the file, from 1
   */
  record Service(String name, Map<String, String> labels, Map<String, Integer> lines) {}

  static ComposeFile read(Path file, String text) throws CommandException {
    if (text.length() > LONGEST) {
      throw new CommandException(file + ": longer than " + LONGEST + " bytes");
    }
    Optional<Node> root;
    try {
      root =
          new Compose(LoadSettings.builder().setLabel(file.toString()).build()).composeString(text);

    } catch (MarkedYamlEngineException e) {
      int line = e.getProblemMark().map(m -> m.getLine() + 1).orElse(1);
      int column = e.getProblemMark().map(m -> m.getColumn() + 1).orElse(1);
      throw new CommandException(
          file + ":" + line + ":" + column + ": not YAML: " + e.getProblem(), e);
    } catch (YamlEngineException | StackOverflowError e) {
      throw new CommandException(file + ": not YAML: " + e.getMessage(), e);
    }
    if (root.isEmpty()) {
      throw new CommandException(
          file + ": the file is empty; expected a compose file with services");
    }
    Reader reader = new Reader(file);
    return reader.read(root.get());
  }

  private record Entry(String key, Node keyNode, Node value) {}

  private static final class Reader {
    private final Path file;

    Reader(Path file) {
      this.file = file;
    }

    ComposeFile read(Node root) throws CommandException {
      Map<String, Entry> top = entries(root, "the file", 0);
      Entry services = top.get("services");
      if (services == null) {
        throw new CommandException(file + ": no services; expected a compose file");
      }
      String project = projectName(top.get("name"));
      Map<String, Service> found = new LinkedHashMap<>();
      for (Entry service : entries(services.value(), "services", 0).values()) {
        found.put(service.key(), service(service, project));
      }
      return new ComposeFile(found);
    }

    /**
     * As compose has it: the file's name, else its directory's in lower case without odd
     * characters.
     */
    private String projectName(@Nullable Entry name) {
      if (name != null && name.value() instanceof ScalarNode scalar) {
        return scalar.getValue();
      }
      Path directory = file.toAbsolutePath().normalize().getParent();
      String last =
          directory == null || directory.getFileName() == null
              ? ""
              : directory.getFileName().toString();
      return last.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_-]", "");
    }

    private Service service(Entry service, String project) throws CommandException {
      Map<String, String> labels = new TreeMap<>();
      Map<String, Integer> lines = new TreeMap<>();
      Entry declared = entries(service.value(), "service " + service.key(), 0).get("labels");
      if (declared != null) {
        switch (declared.value()) {
          case MappingNode mapping -> {
            for (Entry label : entries(mapping, "labels of " + service.key(), 0).values()) {
              labels.put(
                  label.key(),
                  scalar(label.value(), "label " + label.key() + " of " + service.key()));
              lines.put(label.key(), line(label.keyNode()));
            }
          }
          case SequenceNode sequence -> {
            for (Node item : sequence.getValue()) {
              String text = scalar(item, "a label of " + service.key());
              int equals = text.indexOf('=');
              String key = equals < 0 ? text : text.substring(0, equals);
              labels.put(key, equals < 0 ? "" : text.substring(equals + 1));
              lines.put(key, line(item));
            }
          }
          case ScalarNode scalar
              when scalar.getValue().isEmpty()
                  || scalar.getValue().equals("null")
                  || scalar.getValue().equals("~") -> {}
          default ->
              throw bad(
                  declared.value(),
                  "labels of " + service.key() + " are neither a mapping nor a list");
        }
      }
      labels.putIfAbsent("com.docker.compose.service", service.key());
      labels.putIfAbsent("com.docker.compose.project", project);
      return new Service(service.key(), labels, lines);
    }

    /**
     * The entries of a mapping with those that its merge keys bring; its own win. An empty node is
     * an empty mapping.
     */
    private Map<String, Entry> entries(Node node, String what, int depth) throws CommandException {
      Map<String, Entry> entries = new LinkedHashMap<>();
      if (node instanceof ScalarNode scalar
          && (scalar.getValue().isEmpty()
              || scalar.getValue().equals("null")
              || scalar.getValue().equals("~"))) {
        return entries;
      }
      if (!(node instanceof MappingNode mapping)) {
        throw bad(node, what + " is not a mapping");
      }
      if (depth > DEEPEST_MERGE) {
        throw bad(node, what + ": merge keys nest deeper than " + DEEPEST_MERGE);
      }
      List<Node> merged = new ArrayList<>();
      for (NodeTuple tuple : mapping.getValue()) {
        String key = scalar(tuple.getKeyNode(), "a key of " + what);
        if (key.equals("<<")) {
          merged.addAll(
              tuple.getValueNode() instanceof SequenceNode several
                  ? several.getValue()
                  : List.of(tuple.getValueNode()));
        } else {
          Entry entry = new Entry(key, tuple.getKeyNode(), tuple.getValueNode());
          if (entries.put(key, entry) != null) {
            throw bad(tuple.getKeyNode(), what + " has \"" + key + "\" twice");
          }
        }
      }
      for (Node other : merged) {
        for (Entry entry : entries(other, what, depth + 1).values()) {
          entries.putIfAbsent(entry.key(), entry);
        }
      }
      return entries;
    }

    private String scalar(Node node, String what) throws CommandException {
      if (node instanceof ScalarNode scalar) {
        return scalar.getValue().replace("$$", "$");
      }
      throw bad(node, what + " is not a plain value");
    }

    private static int line(Node node) {
      return node.getStartMark().map(m -> m.getLine() + 1).orElse(0);
    }

    private CommandException bad(Node node, String what) {
      return new CommandException(file + ":" + line(node) + ": " + what);
    }
  }
}
