package dev.drawbridge.tools.importer;

import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One rule set of a {@code cilium.io/v2} policy. */
final class CiliumPolicy {
  private static final List<String> SPEC =
      List.of(
          "endpointSelector",
          "nodeSelector",
          "ingress",
          "ingressDeny",
          "egress",
          "egressDeny",
          "enableDefaultDeny",
          "description",
          "labels",
          "log");
  private static final List<String> SECTIONS =
      List.of("ingress", "ingressDeny", "egress", "egressDeny");
  private static final List<String> FROM =
      List.of(
          "fromEndpoints",
          "fromCIDR",
          "fromCIDRSet",
          "fromEntities",
          "fromNodes",
          "fromGroups",
          "fromRequires");
  private static final List<String> TO =
      List.of(
          "toEndpoints",
          "toCIDR",
          "toCIDRSet",
          "toEntities",
          "toNodes",
          "toGroups",
          "toRequires",
          "toServices",
          "toFQDNs");
  private static final List<String> ENTITIES =
      List.of(
          "all",
          "world",
          "cluster",
          "host",
          "remote-node",
          "kube-apiserver",
          "health",
          "init",
          "ingress",
          "unmanaged",
          "none",
          "cluster-mesh",
          "world-ipv4",
          "world-ipv6");

  private final Shape shape;
  private final Selectors selectors;
  private final List<String> out = new ArrayList<>();

  CiliumPolicy(Shape shape, String namespace) {
    this.shape = shape;
    this.selectors = new Selectors(shape, true, namespace);
  }

  List<String> read(YamlMap spec) {
    shape.keys(spec, "the spec", SPEC);
    spec.find("nodeSelector")
        .ifPresent(
            v -> shape.inexpressible(v, "nodeSelector: Drawbridge guards containers, not hosts"));
    Optional<YamlValue> selector = spec.find("endpointSelector");
    if (selector.isEmpty()) {
      if (spec.find("nodeSelector").isEmpty()) {
        shape.bad(spec, "endpointSelector is missing", "endpointSelector");
      }
      return out;
    }
    if (SECTIONS.stream().noneMatch(section -> spec.find(section).isPresent())) {
      shape.bad(spec, "a spec without any rule", String.join(", ", SECTIONS));
      return out;
    }
    Selectors.Self self = selectors.self(selector.get(), "endpointSelector");
    if (List.of("host", "world", "anyone").contains(self.exact().orElse(""))) {
      shape.inexpressible(selector.get(), "a policy of " + self.exact().orElse("") + " itself");
      self = new Selectors.Self(Optional.empty(), Optional.empty());
    }
    Optional<YamlMap> closing =
        spec.find("enableDefaultDeny").flatMap(v -> shape.map(v, "enableDefaultDeny"));
    closing.ifPresent(map -> shape.keys(map, "enableDefaultDeny", List.of("ingress", "egress")));
    direction(spec, "ingress", self, closing);
    direction(spec, "egress", self, closing);
    return self.atLeast().isPresent() ? out : List.of();
  }

  /** What enableDefaultDeny says of a direction, if anything. */
  private static Optional<Boolean> closes(Optional<YamlMap> closing, String section) {
    return closing
        .flatMap(map -> map.find(section))
        .map(v -> v instanceof YamlValue.YamlScalar scalar && scalar.text().equals("true"));
  }

  private void direction(
      YamlMap spec, String section, Selectors.Self self, Optional<YamlMap> closing) {
    Optional<Boolean> closes = closes(closing, section);
    boolean open = closes.isPresent() && !closes.get();
    var sentences =
        new Sentences(
            shape,
            self.exact().or(self::atLeast).orElse("containers"),
            section.equals("ingress"),
            self.exact().isEmpty() || open);
    boolean any = closes.orElse(false);
    for (String name : List.of(section, section + "Deny")) {
      Optional<YamlValue> value = spec.find(name);
      if (value.isEmpty()) {
        continue;
      }
      boolean allows = name.equals(section);
      any |= !(open && allows);
      if (open) {
        shape.inexpressible(
            value.get(),
            "enableDefaultDeny."
                + section
                + " false: a rule closes its direction, always; "
                + (allows ? "what only allows is left out" : "what is denied stays denied"));
      }
      List<YamlValue> items = shape.list(value.get(), name).orElse(List.of());
      if (items.isEmpty() && value.get() instanceof YamlValue.YamlList) {
        shape.bad(value.get(), "an empty list closes nothing and allows nothing", "- {} to close");
      }
      for (YamlValue item : items) {
        shape.map(item, "a rule").ifPresent(map -> rule(map, section, allows, sentences));
      }
    }
    if (any) {
      out.addAll(sentences.closed(spec));
    }
  }

  /**
   * An allowing rule is written as far as all of it can be said; a peer that cannot is left out. A
   * denying rule is written at least as wide as it is meant.
   */
  private void rule(YamlMap rule, String section, boolean allows, Sentences sentences) {
    boolean ingress = section.equals("ingress");
    List<String> members = ingress ? FROM : TO;
    var keys = new ArrayList<>(members);
    keys.addAll(List.of("toPorts", "icmps", "authentication"));
    long before = shape.errors();
    long refused = shape.refused();
    shape.keys(rule, "an " + section + " rule", keys);
    authentication(rule);
    List<String> given = members.stream().filter(member -> rule.find(member).isPresent()).toList();
    if (given.size() > 1) {
      shape.bad(
          rule,
          String.join(" and ", given) + " in one rule: Cilium refuses that",
          "a rule for each");
    }
    if (!allows && rule.find("toFQDNs").isPresent()) {
      shape.bad(rule, "names cannot be denied", "addresses");
    }
    Optional<YamlValue> icmps = rule.find("icmps");
    if (icmps.isPresent()) {
      shape.inexpressible(icmps.get(), "single ICMP types: 'connect icmp' is all of them");
    }
    boolean whole = allows ? shape.errors() == before : shape.refused() == refused;
    long beforePeers = shape.errors();
    List<String> peers =
        given.isEmpty()
            ? List.of("anyone")
            : peers(given.getFirst(), rule.find(given.getFirst()).orElse(rule));
    if (!allows && (shape.errors() != beforePeers || !whole)) {
      peers = List.of("anyone");
    }
    if (rule.entries().isEmpty()) {
      return; // the empty rule {} selects nothing, and closes
    }
    // What is wrong already is not written, but the rest is still checked.
    Sentences into =
        whole || !allows ? sentences : new Sentences(shape, "containers", ingress, false);
    if (!allows && icmps.isPresent()) {
      into.add(rule, false, "connect icmp", peers, "");
    }
    ports(rule, allows, peers, into, icmps.isPresent());
  }

  private void ports(
      YamlMap rule, boolean allows, List<String> peers, Sentences into, boolean icmp) {
    Optional<YamlValue> ports = rule.find("toPorts");
    if (ports.isEmpty()) {
      if (!icmp) {
        into.add(rule, allows, "connect", peers, "");
      }
      return;
    }
    long before = shape.errors();
    List<YamlValue> items = shape.list(ports.get(), "toPorts").orElse(List.of());
    if (items.isEmpty()) {
      shape.bad(ports.get(), "an empty list of ports", "ports, or no toPorts");
    }
    for (YamlValue item : items) {
      shape
          .map(item, "an item of toPorts")
          .ifPresent(map -> new CiliumPorts(shape, into, peers, allows).read(map));
    }
    if (!allows && shape.errors() != before) {
      into.add(rule, false, "connect", peers, "");
    }
  }

  private void authentication(YamlMap rule) {
    Optional<YamlMap> map =
        rule.find("authentication").flatMap(v -> shape.map(v, "authentication"));
    if (map.isEmpty()) {
      return;
    }
    shape.keys(map.get(), "authentication", List.of("mode"));
    String mode = map.get().find("mode").flatMap(v -> shape.text(v, "mode")).orElse("");
    if (!mode.equals("disabled")) {
      shape.inexpressible(map.get(), "authentication " + mode);
    }
  }

  private List<String> peers(String member, YamlValue value) {
    var peers = new ArrayList<String>();
    switch (member) {
      case "fromEndpoints", "toEndpoints" -> {
        for (YamlValue item : shape.list(value, member).orElse(List.of())) {
          selectors.containers(item, "an item of " + member).ifPresent(peers::add);
        }
      }
      case "fromCIDR", "toCIDR" -> {
        for (YamlValue item : shape.list(value, member).orElse(List.of())) {
          shape
              .text(item, "a range")
              .flatMap(t -> KubernetesPolicy.range(shape, item, t))
              .ifPresent(peers::add);
        }
      }
      case "fromCIDRSet", "toCIDRSet" -> {
        for (YamlValue item : shape.list(value, member).orElse(List.of())) {
          shape.map(item, "an item of " + member).flatMap(this::cidrSet).ifPresent(peers::add);
        }
      }
      case "fromEntities", "toEntities" -> {
        for (YamlValue item : shape.list(value, member).orElse(List.of())) {
          shape.text(item, "an entity").ifPresent(name -> entity(item, name, peers));
        }
      }
      case "toFQDNs" -> {
        for (YamlValue item : shape.list(value, member).orElse(List.of())) {
          shape
              .map(item, "a name")
              .flatMap(map -> CiliumNames.name(shape, map))
              .ifPresent(peers::add);
        }
      }
      default -> shape.inexpressible(value, member + " has no counterpart on a Docker host");
    }
    if (peers.isEmpty() && value instanceof YamlValue.YamlList list && list.items().isEmpty()) {
      shape.note(
          value, "the empty list " + member + " selects nothing, so the rule allows nothing");
    }
    return peers;
  }

  private Optional<String> cidrSet(YamlMap map) {
    for (String group : List.of("cidrGroupRef", "cidrGroupSelector")) {
      if (map.find(group).isPresent()) {
        shape.inexpressible(map, group + ": groups of ranges live in other objects");
        return Optional.empty();
      }
    }
    return KubernetesPolicy.block(shape, map);
  }

  private void entity(YamlValue at, String name, List<String> peers) {
    switch (name) {
      case "all" -> peers.add("anyone");
      case "world" -> peers.add("world");
      case "host" -> peers.add("host");
      case "cluster" -> {
        peers.add("containers");
        peers.add("host");
      }
      case "world-ipv4" -> peers.add("0.0.0.0/0");
      case "world-ipv6" -> peers.add("::/0");
      case "none" -> peers.add("nobody");
      default -> {
        if (ENTITIES.contains(name)) {
          shape.inexpressible(at, "the entity " + name + ": a Docker host has none");
        } else {
          shape.bad(
              at,
              "the entity '" + name + "' does not exist",
              "one of " + String.join(", ", ENTITIES),
              Nearest.of(name, ENTITIES));
        }
      }
    }
  }
}
