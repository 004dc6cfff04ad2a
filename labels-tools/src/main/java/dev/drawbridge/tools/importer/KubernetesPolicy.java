package dev.drawbridge.tools.importer;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code networking.k8s.io/v1} NetworkPolicy. */
final class KubernetesPolicy {
  private final Shape shape;
  private final Selectors selectors;
  private final List<String> out = new ArrayList<>();

  KubernetesPolicy(Shape shape, String namespace) {
    this.shape = shape;
    this.selectors = new Selectors(shape, false, namespace);
  }

  List<String> read(YamlMap spec) {
    shape.keys(spec, "the spec", List.of("podSelector", "policyTypes", "ingress", "egress"));
    Optional<YamlValue> selector = spec.find("podSelector");
    if (selector.isEmpty()) {
      shape.bad(spec, "podSelector is missing", "podSelector: {} for every pod of the namespace");
      return out;
    }
    Selectors.Self self = selectors.self(selector.get(), "podSelector");
    var types = new ArrayList<String>();
    for (YamlValue type :
        spec.find("policyTypes").flatMap(v -> shape.list(v, "policyTypes")).orElse(List.of())) {
      Optional<String> text = shape.text(type, "a policy type");
      if (text.isPresent() && !List.of("Ingress", "Egress").contains(text.get())) {
        shape.bad(type, "'" + text.get() + "' is no policy type", "Ingress or Egress");
      }
      text.ifPresent(types::add);
    }
    if (types.isEmpty()) {
      // As Kubernetes fills it in: Egress only if there is a rule for it, an empty list is none.
      types.add("Ingress");
      if (isFilled(spec, "egress")) {
        types.add("Egress");
      }
    }
    direction(spec, "ingress", types.contains("Ingress"), self);
    direction(spec, "egress", types.contains("Egress"), self);
    return self.atLeast().isPresent() ? out : List.of();
  }

  private static boolean isFilled(YamlMap spec, String section) {
    return spec.find(section).orElse(null) instanceof YamlValue.YamlList list
        && !list.items().isEmpty();
  }

  private void direction(YamlMap spec, String section, boolean governed, Selectors.Self self) {
    Optional<YamlValue> rules = spec.find(section);
    if (!governed) {
      rules
          .filter(value -> isFilled(spec, section))
          .ifPresent(value ->
              shape.bad(value, section + " rules that policyTypes leaves out", "both or none"));
      return;
    }
    var sentences =
        new Sentences(
            shape,
            self.exact().or(self::atLeast).orElse("containers"),
            section.equals("ingress"),
            self.exact().isEmpty());
    for (YamlValue item : rules.flatMap(v -> shape.list(v, section)).orElse(List.of())) {
      shape.map(item, "a rule").ifPresent(map -> rule(map, section, sentences));
    }
    out.addAll(sentences.closed(spec));
  }

  /** A peer or a port that cannot be said is left out, and the others stay. */
  private void rule(YamlMap rule, String section, Sentences sentences) {
    String peersKey = section.equals("ingress") ? "from" : "to";
    long before = shape.errors();
    shape.keys(rule, "an " + section + " rule", List.of(peersKey, "ports"));
    if (shape.errors() != before) {
      return;
    }
    List<String> peers = peers(rule.find(peersKey), peersKey);
    Optional<String> ports = ports(rule.find("ports"));
    ports.ifPresent(list ->
        sentences.add(rule, true, list.isEmpty() ? "connect" : "connect " + list, peers, ""));
  }

  /** No list, or an empty one, is everyone: so says Kubernetes. */
  private List<String> peers(Optional<YamlValue> value, String what) {
    long before = shape.errors();
    List<YamlValue> items = value.flatMap(v -> shape.list(v, what)).orElse(List.of());
    if (items.isEmpty()) {
      return shape.errors() == before ? List.of("anyone") : List.of();
    }
    var peers = new ArrayList<String>();
    for (YamlValue item : items) {
      shape.map(item, "a peer").flatMap(this::peer).ifPresent(peers::add);
    }
    return peers;
  }

  private Optional<String> peer(YamlMap peer) {
    long before = shape.errors();
    shape.keys(peer, "a peer", List.of("podSelector", "namespaceSelector", "ipBlock"));
    if (shape.errors() != before) {
      return Optional.empty();
    }
    Optional<YamlValue> pods = peer.find("podSelector");
    Optional<YamlValue> namespaces = peer.find("namespaceSelector");
    Optional<YamlValue> block = peer.find("ipBlock");
    if (block.isPresent()) {
      if (pods.isPresent() || namespaces.isPresent()) {
        shape.bad(peer, "ipBlock together with a selector", "one of them");
        return Optional.empty();
      }
      return shape.map(block.get(), "ipBlock").flatMap(map -> block(shape, map));
    }
    if (namespaces.isPresent()) {
      return selectors.containersOf(namespaces.get(), pods);
    }
    if (pods.isPresent()) {
      return selectors.containers(pods.get(), "podSelector");
    }
    shape.bad(peer, "a peer that says nothing", "podSelector, namespaceSelector or ipBlock");
    return Optional.empty();
  }

  /** A range with exceptions; Cilium's has the same shape. */
  static Optional<String> block(Shape shape, YamlMap map) {
    shape.keys(map, "a range", List.of("cidr", "except"));
    Optional<String> cidr =
        map.find("cidr").flatMap(v -> shape.text(v, "cidr")).flatMap(t -> range(shape, map, t));
    if (cidr.isEmpty()) {
      if (map.find("cidr").isEmpty()) {
        shape.bad(map, "cidr is missing", "cidr: 10.0.0.0/8");
      }
      return Optional.empty();
    }
    long before = shape.errors();
    var except = new ArrayList<String>();
    for (YamlValue item :
        map.find("except").flatMap(v -> shape.list(v, "except")).orElse(List.of())) {
      shape.text(item, "an exception").flatMap(t -> range(shape, item, t)).ifPresent(except::add);
    }
    if (shape.errors() != before) {
      return Optional.empty(); // without its exceptions the range would be wider
    }
    return Optional.of(
        except.isEmpty() ? cidr.get() : cidr.get() + " except (" + String.join(" ", except) + ")");
  }

  /** The range, written with its first address. */
  static Optional<String> range(Shape shape, YamlValue at, String text) {
    Optional<Cidr> cidr = Cidr.parse(text);
    if (cidr.isEmpty()) {
      shape.bad(at, "'" + text + "' is no range of addresses", "for instance 10.0.0.0/8");
    }
    return cidr.map(c -> c.masked().print());
  }

  /** Empty for all ports; nothing if none of those written can be said. */
  private Optional<String> ports(Optional<YamlValue> value) {
    long before = shape.errors();
    List<YamlValue> items = value.flatMap(v -> shape.list(v, "ports")).orElse(List.of());
    var ports = new ArrayList<String>();
    for (YamlValue item : items) {
      shape.map(item, "a port").flatMap(this::port).ifPresent(ports::add);
    }
    boolean all = items.isEmpty() && shape.errors() == before;
    return ports.isEmpty() && !all ? Optional.empty() : Optional.of(String.join(",", ports));
  }

  private Optional<String> port(YamlMap map) {
    long before = shape.errors();
    shape.keys(map, "a port", List.of("port", "protocol", "endPort"));
    String protocol =
        map.find("protocol").flatMap(v -> shape.text(v, "the protocol")).orElse("TCP");
    if (!List.of("TCP", "UDP", "SCTP").contains(protocol)) {
      shape.bad(map, "'" + protocol + "' is no protocol", "TCP, UDP or SCTP");
      return Optional.empty();
    }
    String name = protocol.toLowerCase(java.util.Locale.ROOT);
    Optional<YamlValue> port = map.find("port");
    Optional<String> end = map.find("endPort").flatMap(v -> shape.textOrNumber(v, "endPort"));
    if (port.isEmpty()) {
      end.ifPresent(e -> shape.bad(map, "endPort without port", "port"));
      return shape.errors() == before ? Optional.of(name) : Optional.empty();
    }
    if (shape.errors() != before) {
      return Optional.empty();
    }
    Optional<String> number = shape.textOrNumber(port.get(), "the port");
    if (number.isEmpty()) {
      return Optional.empty();
    }
    if (!number.get().chars().allMatch(Character::isDigit)) {
      shape.inexpressible(
          port.get(), "the port name '" + number.get() + "': containers do not name ports");
      return Optional.empty();
    }
    return Optional.of(number.get() + end.map(e -> "-" + e).orElse("") + "/" + name);
  }
}
