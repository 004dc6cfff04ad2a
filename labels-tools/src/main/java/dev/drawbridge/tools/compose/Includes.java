package dev.drawbridge.tools.compose;

import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlList;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import dev.drawbridge.tools.yaml.YamlValue.YamlScalar;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code include}: other projects' services, each read with its own directory's variables. */
final class Includes {
  private static final int MAX_DEPTH = 16;

  private final Sources sources;
  private final Environment environment;
  private final Complaints complaints;
  private final Map<String, String> texts;
  private final Deque<String> open = new ArrayDeque<>();

  Includes(
      Sources sources, Environment environment, Complaints complaints, Map<String, String> texts) {
    this.sources = sources;
    this.environment = environment;
    this.complaints = complaints;
    this.texts = texts;
  }

  /** Adds what a file includes. Returns whether it includes anything. */
  boolean lay(
      String file, YamlMap root, Map<String, Draft> services, List<ComposeRequest.Source> named) {
    Optional<YamlValue> include = root.find("include");
    if (include.isEmpty()) {
      return false;
    }
    named.forEach(source -> open.add(source.name()));
    included(file, include.get(), environment, services);
    open.clear();
    return true;
  }

  private void included(
      String file, YamlValue include, Environment outer, Map<String, Draft> services) {
    if (!(include instanceof YamlList list)) {
      complaints.shape(file, include, "include", "it is " + include.describe(), "a list");
      return;
    }
    for (YamlValue item : list.items()) {
      item(file, item, outer, services);
    }
  }

  private void item(String file, YamlValue item, Environment outer, Map<String, Draft> services) {
    var paths = new ArrayList<String>();
    Optional<String> directory = Optional.empty();
    var envFiles = new ArrayList<String>();
    switch (item) {
      case YamlScalar scalar -> paths.add(scalar.text());
      case YamlMap map -> {
        map.find("path").ifPresent(v -> paths.addAll(texts(v)));
        map.find("env_file").ifPresent(v -> envFiles.addAll(texts(v)));
        directory = map.find("project_directory").map(v -> String.join("", texts(v)));
      }
      case YamlList _ -> {}
    }
    if (paths.isEmpty() || (directory.isPresent() && directory.get().isEmpty())) {
      complaints.shape(file, item, "include", "it names no file", "a path, or path: FILE");
      return;
    }
    var names = new ArrayList<String>();
    for (String path : paths) {
      Known known = new Interpolation(outer, true).apply(path);
      if (!(known instanceof Known.Text(var text))) {
        unknowable(file, item, path, "it has a variable in it");
        return;
      }
      names.add(Sources.resolve(Sources.directory(file), text));
    }
    if (directory.isPresent()) {
      // Names within the included files are then relative to another directory than theirs.
      unknowable(file, item, names.getFirst(), "project_directory");
      return;
    }
    files(file, item, names, envFiles, outer, services);
  }

  private static List<String> texts(YamlValue value) {
    return switch (value) {
      case YamlScalar scalar -> List.of(scalar.text());
      case YamlList list ->
          list.items().stream()
              .filter(YamlScalar.class::isInstance)
              .map(v -> ((YamlScalar) v).text())
              .toList();
      case YamlMap _ -> List.of();
    };
  }

  /** An error, because any service may be in there: nothing can be said of the project. */
  private void unknowable(String file, YamlValue at, String path, String why) {
    complaints.shape(
        file, at, "include", path + " is not read: " + why, "the name of a file of this host");
  }

  private void files(
      String file,
      YamlValue item,
      List<String> names,
      List<String> envFiles,
      Environment outer,
      Map<String, Draft> services) {
    var roots = new LinkedHashMap<String, YamlMap>();
    for (String name : names) {
      if (name.contains("://") || name.startsWith("git@")) {
        unknowable(file, item, name, "it is not on this host");
        return;
      }
      if (open.contains(name) || open.size() > MAX_DEPTH) {
        complaints.shape(file, item, "include", "it goes round in a circle", "another file");
        return;
      }
      switch (sources.read(name)) {
        case Sources.Read.Text(var text) ->
            roots.put(name, ProjectReader.Documents.read(name, text, complaints, texts));
        case Sources.Read.Missing() -> {
          complaints.shape(file, item, "include", "there is no file " + name, "a compose file");
          return;
        }
        case Sources.Read.Unknown(var why) -> {
          unknowable(file, item, name, why);
          return;
        }
      }
    }
    Environment inner = outer;
    if (envFiles.isEmpty()) {
      inner = inner.and(EnvironmentFiles.layer(sources, Sources.directory(names.getFirst())));
    } else {
      for (String env : envFiles.reversed()) {
        inner =
            inner.and(
                EnvironmentFiles.file(sources, Sources.resolve(Sources.directory(file), env)));
      }
    }
    Map<String, Draft> found = new LinkedHashMap<>();
    var reader = new FileReader(sources, inner, true, complaints, texts);
    roots.forEach((name, root) -> reader.lay(name, root, found));
    names.forEach(open::add);
    for (var root : roots.entrySet()) {
      Optional<YamlValue> deeper = root.getValue().find("include");
      if (deeper.isPresent()) {
        included(root.getKey(), deeper.get(), inner, found);
      }
    }
    names.forEach(open::remove);
    found.forEach((name, draft) -> {
      Draft before = services.get(name);
      services.put(
          name,
          before == null
              ? draft
              : before.because("an included file has it too, which composes take differently"));
    });
  }
}
