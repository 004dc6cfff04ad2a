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
    Optional<String> self = selectors.containers(selector.get(), "podSelector");
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
      types.add("Ingress");
      if (spec.find("egress").isPresent()) {
        types.add("Egress");
      }
    }
    direction(
        spec,
        "ingress",
        types.contains("Ingress"),
        new Sentences(shape, self.orElse("containers"), true));
    direction(
        spec,
        "egress",
        types.contains("Egress"),
        new Sentences(shape, self.orElse("containers"), false));
    return self.isPresent() ? out : List.of();
  }

  private void direction(YamlMap spec, String section, boolean governed, Sentences sentences) {
    Optional<YamlValue> rules = spec.find(section);
    if (!governed) {
      rules.ifPresent(value ->
          shape.bad(value, section + " rules that policyTypes leaves out", "both or none"));
      return;
    }
    for (YamlValue item : rules.flatMap(v -> shape.list(v, section)).orElse(List.of())) {
      shape.map(item, "a rule").ifPresent(map -> rule(map, section, sentences));
    }
    out.addAll(sentences.closed(spec));
  }

  private void rule(YamlMap rule, String section, Sentences sentences) {
    String peersKey = section.equals("ingress") ? "from" : "to";
    long before = shape.errors();
    shape.keys(rule, "an " + section + " rule", List.of(peersKey, "ports"));
    List<String> peers = peers(rule.find(peersKey), peersKey);
    String ports = ports(rule.find("ports"));
    if (shape.errors() == before) {
      sentences.add(rule, true, ports.isEmpty() ? "connect" : "connect " + ports, peers, "");
    }
  }

  /** No list, or an empty one, is everyone: so says Kubernetes. */
  private List<String> peers(Optional<YamlValue> value, String what) {
    List<YamlValue> items = value.flatMap(v -> shape.list(v, what)).orElse(List.of());
    if (items.isEmpty()) {
      return List.of("anyone");
    }
    var peers = new ArrayList<String>();
    for (YamlValue item : items) {
      shape.map(item, "a peer").flatMap(this::peer).ifPresent(peers::add);
    }
    return peers;
  }

  private Optional<String> peer(YamlMap peer) {
    shape.keys(peer, "a peer", List.of("podSelector", "namespaceSelector", "ipBlock"));
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
    var except = new ArrayList<String>();
    for (YamlValue item :
        map.find("except").flatMap(v -> shape.list(v, "except")).orElse(List.of())) {
      shape.text(item, "an exception").flatMap(t -> range(shape, item, t)).ifPresent(except::add);
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

  private String ports(Optional<YamlValue> value) {
    var ports = new ArrayList<String>();
    for (YamlValue item : value.flatMap(v -> shape.list(v, "ports")).orElse(List.of())) {
      shape.map(item, "a port").flatMap(this::port).ifPresent(ports::add);
    }
    return String.join(",", ports);
  }

  private Optional<String> port(YamlMap map) {
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
      return Optional.of(name);
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
