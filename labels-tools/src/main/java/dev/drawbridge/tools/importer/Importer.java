package dev.drawbridge.tools.importer;

import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.tools.yaml.YamlReader;
import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Reads Kubernetes NetworkPolicy and Cilium policies and writes host policy sentences.
 *
 * <p>A namespace becomes a compose project. Each sentence speaks for the selected side only, as the
 * original does, and closes it.
 */
public final class Importer {
  private static final List<String> KINDS =
      List.of("NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "List");

  private final Shape shape;
  private final String file;
  private final Set<String> sentences = new LinkedHashSet<>();
  private final StringBuilder text = new StringBuilder();

  private Importer(String file) {
    this.file = file;
    this.shape = new Shape(file);
  }

  /** Reads a YAML or JSON text of one document or several. */
  public static Imported read(String file, String yaml) {
    var importer = new Importer(file);
    YamlReader.Documents documents = YamlReader.read(yaml);
    for (YamlReader.Mistake mistake : documents.mistakes()) {
      importer.shape.bad(mistake.line(), mistake.column(), mistake.message(), "YAML");
    }
    if (documents.documents().isEmpty() && documents.mistakes().isEmpty()) {
      importer.shape.bad(1, 1, "the file is empty", "a policy");
    }
    if (documents.mistakes().isEmpty()) {
      documents.documents().forEach(importer::document);
    }
    return new Imported(
        List.copyOf(importer.sentences), importer.text.toString(), importer.shape.findings());
  }

  private void document(YamlValue value) {
    shape.enter("");
    Optional<YamlMap> found = shape.map(value, "the document");
    if (found.isEmpty()) {
      return;
    }
    YamlMap map = found.get();
    String kind = map.find("kind").flatMap(v -> shape.text(v, "kind")).orElse("");
    if (!KINDS.contains(kind)) {
      otherKind(map, kind);
      return;
    }
    String version = map.find("apiVersion").flatMap(v -> shape.text(v, "apiVersion")).orElse("");
    if (kind.equals("List")) {
      for (YamlValue item :
          map.find("items").flatMap(v -> shape.list(v, "items")).orElse(List.of())) {
        document(item);
      }
      return;
    }
    boolean cilium = kind.startsWith("Cilium");
    shape.keys(
        map,
        "a " + kind,
        cilium
            ? List.of("apiVersion", "kind", "metadata", "spec", "specs", "status", "description")
            : List.of("apiVersion", "kind", "metadata", "spec", "status"));
    String expected = cilium ? "cilium.io/v2" : "networking.k8s.io/v1";
    if (!version.equals(expected)) {
      shape.bad(
          map, version.isEmpty() ? "apiVersion is missing" : "apiVersion is " + version, expected);
      return;
    }
    policy(map, kind, cilium);
  }

  private void otherKind(YamlMap map, String kind) {
    if (kind.isEmpty()) {
      shape.bad(map, "kind is missing", "one of " + String.join(", ", KINDS));
    } else if (kind.toLowerCase(Locale.ROOT).contains("policy") || kind.startsWith("Cilium")) {
      shape.bad(
          map,
          "the kind " + kind + " is not read",
          "one of " + String.join(", ", KINDS),
          Nearest.of(kind, KINDS));
    } else {
      shape.note(map, "the kind " + kind + " is no policy and was passed over");
    }
  }

  private void policy(YamlMap map, String kind, boolean cilium) {
    Optional<YamlMap> metadata = map.find("metadata").flatMap(v -> shape.map(v, "metadata"));
    String name =
        metadata
            .flatMap(m -> m.find("name"))
            .flatMap(v -> shape.textOrNumber(v, "name"))
            .orElse("");
    String namespace =
        kind.equals("CiliumClusterwideNetworkPolicy")
            ? ""
            : metadata
                .flatMap(m -> m.find("namespace"))
                .flatMap(v -> shape.word(v, "namespace"))
                .orElse("");
    String title = kind + " " + (namespace.isEmpty() ? "" : namespace + "/") + name;
    shape.enter(title.strip());
    Optional<YamlValue> spec = map.find("spec");
    Optional<YamlValue> specs = cilium ? map.find("specs") : Optional.empty();
    if (spec.isEmpty() && specs.isEmpty()) {
      shape.bad(map, "there is no spec", "spec");
      return;
    }
    var bodies = new ArrayList<YamlValue>();
    spec.ifPresent(bodies::add);
    specs.flatMap(v -> shape.list(v, "specs")).ifPresent(bodies::addAll);
    text.append("# ")
        .append(title.strip().replaceAll("\\s", " "))
        .append(", ")
        .append(file)
        .append(':');
    text.append(map.line()).append('\n');
    for (YamlValue body : bodies) {
      Optional<YamlMap> bodyMap = shape.map(body, "spec");
      if (bodyMap.isPresent()) {
        List<String> lines =
            cilium
                ? new CiliumPolicy(shape, namespace).read(bodyMap.get())
                : new KubernetesPolicy(shape, namespace).read(bodyMap.get());
        for (String line : lines) {
          if (sentences.add(line)) {
            text.append(line).append('\n');
          }
        }
      }
    }
  }
}
