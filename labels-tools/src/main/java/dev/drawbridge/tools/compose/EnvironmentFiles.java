package dev.drawbridge.tools.compose;

import java.util.LinkedHashMap;
import java.util.Map;

/** {@code .env} files as layers of variables. */
final class EnvironmentFiles {
  private EnvironmentFiles() {}

  /** The {@code .env} of a directory; nothing if it has none. */
  static Environment.Layer layer(Sources sources, String directory) {
    return file(sources, Sources.resolve(directory, ".env"));
  }

  static Environment.Layer file(Sources sources, String path) {
    return new Environment.Layer(
        sources.read(path) instanceof Sources.Read.Text(var text)
            ? EnvFile.read(text, path)
            : Map.of());
  }

  /** What two files say alike; of what they do not, that it cannot be known. */
  static Environment.Layer agreed(Environment.Layer project, Environment.Layer current) {
    if (current.variables().isEmpty()) {
      return project;
    }
    var out = new LinkedHashMap<>(project.variables());
    current
        .variables()
        .forEach((key, value) -> {
          if (!value.equals(project.variables().get(key))) {
            out.put(key, differs(key));
          }
        });
    project
        .variables()
        .forEach((key, value) -> {
          if (!value.equals(current.variables().get(key))) {
            out.put(key, differs(key));
          }
        });
    return new Environment.Layer(out);
  }

  private static Known differs(String key) {
    return new Known.Unknown(
        ".env of this directory and of the compose file's differ about " + key);
  }
}
