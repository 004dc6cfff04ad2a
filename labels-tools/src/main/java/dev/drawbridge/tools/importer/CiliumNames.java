package dev.drawbridge.tools.importer;

import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import java.util.List;
import java.util.Optional;

/** matchName and matchPattern. */
final class CiliumNames {
  private CiliumNames() {}

  static Optional<String> name(Shape shape, YamlMap map) {
    shape.keys(map, "a name", List.of("matchName", "matchPattern"));
    Optional<YamlValue> exact = map.find("matchName");
    Optional<YamlValue> pattern = map.find("matchPattern");
    if (exact.isPresent() == pattern.isPresent()) {
      shape.bad(map, "a name is either exact or a pattern", "matchName or matchPattern");
      return Optional.empty();
    }
    Optional<String> text = shape.word(exact.or(() -> pattern).orElse(map), "the name");
    if (exact.isPresent() && text.orElse("").indexOf('*') >= 0) {
      shape.bad(map, "a * in matchName is no pattern", "matchPattern");
      return Optional.empty();
    }
    return text.map(t -> t.equals("*") ? "**" : t);
  }
}
