package dev.drawbridge.tools.importer;

import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Label selectors: matchLabels and matchExpressions. */
final class Selectors {
  static final String PROJECT = "com.docker.compose.project";
  private static final List<String> OPERATORS = List.of("In", "NotIn", "Exists", "DoesNotExist");
  private static final String NAMESPACE = "io.kubernetes.pod.namespace";
  private static final String NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels.";
  private static final String NAMESPACE_NAME = "kubernetes.io/metadata.name";

  private final Shape shape;
  private final boolean cilium;

  /** The policy's own namespace; empty if it names none. */
  private final String namespace;

  Selectors(Shape shape, boolean cilium, String namespace) {
    this.shape = shape;
    this.cilium = cilium;
    this.namespace = namespace;
  }

  /** Terms that are joined by and. */
  private static final class Terms {
    final List<String> terms = new ArrayList<>();

    /** Whether the selector speaks of the namespace itself. */
    boolean namespaced;

    /** {@code reserved:host} and the like. */
    String entity = "";
  }

  /**
   * Containers of the policy's namespace, as a party.
   *
   * @param value the selector
   * @param what for messages
   */
  Optional<String> containers(YamlValue value, String what) {
    Optional<Terms> read = read(value, what, false);
    if (read.isEmpty()) {
      return Optional.empty();
    }
    Terms terms = read.get();
    if (!terms.entity.isEmpty()) {
      if (!terms.terms.isEmpty()) {
        shape.inexpressible(value, terms.entity + " together with labels");
        return Optional.empty();
      }
      return Optional.of(terms.entity);
    }
    if (!terms.namespaced && !namespace.isEmpty()) {
      terms.terms.add("project:" + namespace);
    }
    return Optional.of(join(terms.terms));
  }

  /**
   * Whom a policy is about.
   *
   * @param exact empty if no sentence can say it
   * @param atLeast containers that surely hold all of them, by what of the selector can be said;
   *     empty if the selector is none
   */
  record Self(Optional<String> exact, Optional<String> atLeast) {}

  /** Whom the policy is about: always in its own namespace, whatever the selector says of one. */
  Self self(YamlValue value, String what) {
    long before = shape.errors();
    long refused = shape.refused();
    Terms terms = terms(value, what, false);
    if (!namespace.isEmpty() && terms.entity.isEmpty()) {
      String own = "project:" + namespace;
      if (terms.terms.removeIf(term -> isOfProject(term) && !term.equals(own))) {
        shape.note(
            value,
            "the selector names another namespace than the policy's, "
                + namespace
                + ", which counts");
      }
      if (!terms.terms.contains(own)) {
        terms.terms.add(own);
      }
    }
    if (shape.refused() != refused) {
      return new Self(Optional.empty(), Optional.empty());
    }
    Optional<String> all = Optional.of(terms.entity.isEmpty() ? join(terms.terms) : "containers");
    if (shape.errors() != before) {
      return new Self(Optional.empty(), all);
    }
    if (!terms.entity.isEmpty() && !terms.terms.isEmpty()) {
      shape.inexpressible(value, terms.entity + " together with labels");
      return new Self(Optional.empty(), all);
    }
    return new Self(terms.entity.isEmpty() ? all : Optional.of(terms.entity), all);
  }

  private static boolean isOfProject(String term) {
    return term.startsWith("project:")
        || term.startsWith(PROJECT + "!=")
        || term.startsWith(PROJECT + " in ")
        || term.equals("lacks " + PROJECT);
  }

  /** Containers of the namespaces that one selector selects, by what another says of them. */
  Optional<String> containersOf(YamlValue namespaces, Optional<YamlValue> pods) {
    Optional<Terms> where = read(namespaces, "namespaceSelector", true);
    Optional<Terms> who =
        pods.isEmpty() ? Optional.of(new Terms()) : read(pods.get(), "podSelector", false);
    if (where.isEmpty() || who.isEmpty()) {
      return Optional.empty();
    }
    var all = new ArrayList<>(who.get().terms);
    all.addAll(where.get().terms);
    return Optional.of(join(all));
  }

  private static String join(List<String> terms) {
    return terms.isEmpty() ? "containers" : String.join(" and ", terms);
  }

  private Optional<Terms> read(YamlValue value, String what, boolean ofNamespaces) {
    long before = shape.errors();
    Terms terms = terms(value, what, ofNamespaces);
    return shape.errors() == before ? Optional.of(terms) : Optional.empty();
  }

  /** What of the selector can be said; the rest is named. */
  private Terms terms(YamlValue value, String what, boolean ofNamespaces) {
    var terms = new Terms();
    Optional<YamlMap> map = shape.map(value, what);
    if (map.isEmpty()) {
      return terms;
    }
    for (YamlValue.Entry entry : map.get().entries()) {
      if (!entry.key().equals("matchLabels") && !entry.key().equals("matchExpressions")) {
        shape.bad(
            entry.value(),
            "the key '"
                + entry.key()
                + "' in a selector; indented wrongly, it would select everything",
            "labels under matchLabels",
            Nearest.of(entry.key(), List.of("matchLabels", "matchExpressions")));
      }
    }
    map.get().find("matchLabels").ifPresent(v -> labels(v, terms, ofNamespaces));
    map.get().find("matchExpressions").ifPresent(v -> expressions(v, terms, ofNamespaces));
    return terms;
  }

  private void labels(YamlValue value, Terms terms, boolean ofNamespaces) {
    Optional<YamlMap> map = shape.map(value, "matchLabels");
    if (map.isEmpty()) {
      return;
    }
    for (YamlValue.Entry entry : map.get().entries()) {
      boolean reserved = cilium && entry.key().startsWith("reserved:");
      if (reserved) {
        entity(entry.key(), entry.value(), terms);
        continue;
      }
      Optional<String> label =
          shape
              .word(entry.value(), "the value of '" + entry.key() + "'")
              .filter(text -> sayable(entry, text));
      Optional<String> key =
          shape.isWord(entry.value(), "a label's key", entry.key())
              ? key(entry.key(), entry.value(), terms, ofNamespaces)
              : Optional.empty();
      if (label.isPresent() && key.isPresent()) {
        terms.terms.add(equal(key.get(), label.get()));
      }
    }
  }

  private boolean sayable(YamlValue.Entry entry, String value) {
    if (value.isEmpty()) {
      shape.inexpressible(entry.value(), "the empty value of the label '" + entry.key() + "'");
    }
    return !value.isEmpty();
  }

  private static String equal(String key, String value) {
    if (key.equals(PROJECT)) {
      return "project:" + value;
    }
    return key + "=" + value;
  }

  private void entity(String key, YamlValue at, Terms terms) {
    switch (key) {
      case "reserved:host" -> terms.entity = "host";
      case "reserved:world" -> terms.entity = "world";
      case "reserved:all" -> terms.entity = "anyone";
      default -> shape.inexpressible(at, "the identity " + key);
    }
  }

  private void expressions(YamlValue value, Terms terms, boolean ofNamespaces) {
    for (YamlValue item : shape.list(value, "matchExpressions").orElse(List.of())) {
      Optional<YamlMap> map = shape.map(item, "an expression");
      if (map.isEmpty()) {
        continue;
      }
      shape.keys(map.get(), "an expression", List.of("key", "operator", "values"));
      Optional<String> raw = map.get().find("key").flatMap(v -> shape.word(v, "the key"));
      Optional<String> operator =
          map.get().find("operator").flatMap(v -> shape.text(v, "the operator"));
      if (raw.isEmpty() || operator.isEmpty()) {
        shape.bad(item, "an expression has a key and an operator", "key, operator and values");
        continue;
      }
      if (!OPERATORS.contains(operator.get())) {
        shape.bad(
            item,
            "the operator '" + operator.get() + "' does not exist",
            "one of " + String.join(", ", OPERATORS),
            Nearest.of(operator.get(), OPERATORS));
        continue;
      }
      expression(map.get(), raw.get(), operator.get(), terms, ofNamespaces);
    }
  }

  private void expression(
      YamlMap map, String rawKey, String operator, Terms terms, boolean ofNamespaces) {
    boolean existence = operator.equals("Exists") || operator.equals("DoesNotExist");
    var values = new ArrayList<String>();
    Optional<YamlValue> given = map.find("values");
    for (YamlValue value : given.flatMap(v -> shape.list(v, "values")).orElse(List.of())) {
      shape.word(value, "a value").ifPresent(values::add);
    }
    if (existence != values.isEmpty()) {
      shape.bad(
          map,
          existence ? operator + " takes no values" : operator + " without values",
          existence ? "no values" : "at least one value");
      return;
    }
    if (cilium && rawKey.startsWith("reserved:")) {
      shape.inexpressible(map, "an expression about " + rawKey);
      return;
    }
    Optional<String> known = key(rawKey, map, terms, ofNamespaces);
    if (known.isEmpty()) {
      return;
    }
    String key = known.get();
    switch (operator) {
      case "In" ->
          terms.terms.add(
              values.size() == 1
                  ? equal(key, values.getFirst())
                  : key + " in (" + String.join(" ", values) + ")");
      case "NotIn" -> values.forEach(value -> terms.terms.add(key + "!=" + value));
      case "Exists" -> {
        if (!key.equals(PROJECT)) {
          terms.terms.add("has " + key);
        }
      }
      default -> terms.terms.add("lacks " + key);
    }
  }

  /** The label's key on a container; nothing after having said why there is none. */
  private Optional<String> key(String raw, YamlValue at, Terms terms, boolean ofNamespaces) {
    if (ofNamespaces) {
      if (raw.equals(NAMESPACE_NAME)) {
        terms.namespaced = true;
        return Optional.of(PROJECT);
      }
      shape.inexpressible(
          at, "the label " + raw + " of a namespace: compose projects have a name only");
      return Optional.empty();
    }
    if (!cilium) {
      return Optional.of(raw);
    }
    if (raw.startsWith("k8s.io.") || raw.startsWith("reserved.")) {
      String right = raw.replaceFirst("\\.", ":");
      shape.bad(
          at, "the key '" + raw + "' selects nothing", "a source and a colon", Optional.of(right));
      return Optional.empty();
    }
    String key = raw;
    int colon = raw.indexOf(':');
    if (colon >= 0) {
      String source = raw.substring(0, colon);
      if (!List.of("k8s", "any", "container").contains(source)) {
        shape.inexpressible(at, "labels of the source '" + source + "'");
        return Optional.empty();
      }
      key = raw.substring(colon + 1);
    }
    if (key.equals(NAMESPACE) || key.equals(NAMESPACE_LABELS + NAMESPACE_NAME)) {
      terms.namespaced = true;
      return Optional.of(PROJECT);
    }
    if (key.startsWith(NAMESPACE_LABELS)) {
      shape.inexpressible(
          at, "a label of a namespace (" + key + "): compose projects have a name only");
      return Optional.empty();
    }
    if (key.equals("io.cilium.k8s.policy.cluster")) {
      shape.inexpressible(at, "a cluster: a Drawbridge host knows itself only");
      return Optional.empty();
    }
    if (key.equals("io.cilium.k8s.policy.serviceaccount")) {
      shape.inexpressible(at, "a service account: containers have labels only");
      return Optional.empty();
    }
    return Optional.of(key);
  }
}
