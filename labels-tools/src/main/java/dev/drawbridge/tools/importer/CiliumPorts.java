package dev.drawbridge.tools.importer;

import dev.drawbridge.tools.yaml.YamlValue;
import dev.drawbridge.tools.yaml.YamlValue.YamlMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** One item of toPorts: ports, and what may be said through them. */
final class CiliumPorts {
  private static final List<String> KEYS =
      List.of("ports", "rules", "serverNames", "terminatingTLS", "originatingTLS", "listener");
  private static final List<String> L7 = List.of("http", "dns", "kafka", "l7proto", "l7");

  private final Shape shape;
  private final Sentences sentences;
  private final List<String> peers;
  private final boolean allows;

  /** As connect writes them; empty for all. */
  private final List<String> ports = new ArrayList<>();

  /** TCP ports as port writes them. */
  private final List<String> numbers = new ArrayList<>();

  CiliumPorts(Shape shape, Sentences sentences, List<String> peers, boolean allows) {
    this.shape = shape;
    this.sentences = sentences;
    this.peers = peers;
    this.allows = allows;
  }

  void read(YamlMap item) {
    long before = shape.errors();
    shape.keys(item, "toPorts", KEYS);
    for (String key : List.of("terminatingTLS", "originatingTLS", "listener")) {
      item.find(key).ifPresent(v -> shape.inexpressible(v, key + " has no counterpart"));
    }
    Optional<YamlValue> given = item.find("ports");
    for (YamlValue port : given.flatMap(v -> shape.list(v, "ports")).orElse(List.of())) {
      shape.map(port, "a port").ifPresent(this::port);
    }
    if (given.isPresent() && ports.isEmpty() && shape.errors() == before) {
      shape.bad(item, "an empty list of ports", "ports, or no such key");
    }
    Optional<YamlValue> names = item.find("serverNames");
    Optional<YamlMap> rules = item.find("rules").flatMap(v -> shape.map(v, "rules"));
    if (!allows && (names.isPresent() || item.find("rules").isPresent())) {
      shape.bad(item, "a deny rule looks at ports only", "no rules, no serverNames");
    }
    if (shape.errors() != before) {
      return;
    }
    if (names.isPresent()) {
      if (rules.isPresent()) {
        shape.inexpressible(names.get(), "serverNames together with rules");
        return;
      }
      serverNames(names.get());
    } else if (rules.isPresent()) {
      l7(rules.get());
    } else {
      sentences.add(item, allows, connect(), peers, "");
    }
  }

  private String connect() {
    return ports.isEmpty() || ports.contains("any")
        ? "connect"
        : "connect " + String.join(",", ports);
  }

  private void port(YamlMap map) {
    shape.keys(map, "a port", List.of("port", "endPort", "protocol"));
    String protocol =
        map.find("protocol").flatMap(v -> shape.text(v, "the protocol")).orElse("ANY");
    if (!List.of("TCP", "UDP", "SCTP", "ANY").contains(protocol)) {
      if (protocol.equals(protocol.toUpperCase(Locale.ROOT)) && !protocol.startsWith("ICMP")) {
        shape.inexpressible(map, "the protocol " + protocol);
      } else {
        shape.bad(map, "'" + protocol + "' is no protocol", "TCP, UDP, SCTP or ANY");
      }
      return;
    }
    Optional<YamlValue> value = map.find("port");
    Optional<String> port = value.flatMap(v -> shape.textOrNumber(v, "the port"));
    if (port.isEmpty()) {
      if (value.isEmpty()) {
        shape.bad(map, "port is missing", "port: \"80\"");
      }
      return;
    }
    if (!port.get().chars().allMatch(Character::isDigit) || port.get().isEmpty()) {
      shape.inexpressible(
          value.orElse(map), "the port name '" + port.get() + "': containers do not name ports");
      return;
    }
    String end =
        map.find("endPort")
            .flatMap(v -> shape.textOrNumber(v, "endPort"))
            .filter(e -> !e.equals("0"))
            .map(e -> "-" + e)
            .orElse("");
    boolean all = port.get().equals("0");
    List<String> protocols =
        protocol.equals("ANY")
            ? List.of("tcp", "udp", "sctp")
            : List.of(protocol.toLowerCase(Locale.ROOT));
    for (String name : protocols) {
      ports.add(all ? name : port.get() + end + "/" + name);
      if (name.equals("tcp")) {
        numbers.add(all ? "1-65535" : port.get() + end);
      }
    }
  }

  private void serverNames(YamlValue names) {
    for (YamlValue item : shape.list(names, "serverNames").orElse(List.of())) {
      Optional<String> name = shape.word(item, "a server name");
      if (name.isPresent() && onlyTcp(item)) {
        String pattern = name.get().equals("*") ? "**" : name.get();
        sentences.add(item, true, "open tls to " + pattern, peers, portTail());
      }
    }
  }

  private boolean onlyTcp(YamlValue at) {
    if (numbers.isEmpty() && !ports.isEmpty()) {
      shape.bad(at, "such rules are about TCP", "protocol: TCP");
      return false;
    }
    return true;
  }

  private String portTail() {
    return numbers.isEmpty() ? "" : "port " + String.join(",", numbers);
  }

  private void l7(YamlMap rules) {
    shape.keys(rules, "rules", L7);
    List<String> given = L7.stream().filter(kind -> rules.find(kind).isPresent()).toList();
    if (given.size() != 1) {
      shape.bad(
          rules,
          given.isEmpty() ? "rules without a protocol" : "rules of several protocols on one port",
          "one of http, dns, kafka");
      return;
    }
    YamlValue value = rules.find(given.getFirst()).orElse(rules);
    if (given.getFirst().startsWith("l7")) {
      shape.inexpressible(value, "rules of an own parser");
      return;
    }
    List<YamlValue> items = shape.list(value, given.getFirst()).orElse(List.of());
    if (items.isEmpty()) {
      shape.bad(value, "an empty list of rules", "- {} for every request");
    }
    for (YamlValue item : items) {
      Optional<YamlMap> map = shape.map(item, "a rule");
      if (map.isEmpty()) {
        continue;
      }
      switch (given.getFirst()) {
        case "http" -> {
          if (onlyTcp(item)) {
            new CiliumHttp(shape, map.get())
                .read()
                .ifPresent(http ->
                    sentences.add(
                        item,
                        true,
                        http.action(),
                        peers,
                        (portTail() + " " + http.conditions()).strip()));
          }
        }
        case "dns" -> dns(map.get());
        default -> kafka(map.get());
      }
    }
  }

  private void dns(YamlMap map) {
    long before = shape.errors();
    Optional<String> name = CiliumNames.name(shape, map);
    if (name.isEmpty() || shape.errors() != before) {
      return;
    }
    if (sentences.isIngress()) {
      shape.bad(map, "DNS rules are about what goes out", "egress");
      return;
    }
    boolean standard = ports.stream().allMatch(port -> port.startsWith("53/")) && !ports.isEmpty();
    if (!standard) {
      shape.inexpressible(map, "DNS on another port than 53");
      return;
    }
    sentences.add(map, true, "resolve " + name.get(), peers, "");
  }

  private void kafka(YamlMap map) {
    long before = shape.errors();
    shape.keys(map, "a kafka rule", List.of("role", "apiKey", "apiVersion", "clientID", "topic"));
    for (String key : List.of("apiVersion", "clientID")) {
      if (map.find(key).isPresent()) {
        shape.inexpressible(map, "Kafka's " + key);
        return;
      }
    }
    String topic = map.find("topic").flatMap(v -> shape.word(v, "the topic")).orElse("*");
    Optional<String> role = map.find("role").flatMap(v -> shape.text(v, "the role"));
    Optional<String> key = map.find("apiKey").flatMap(v -> shape.text(v, "apiKey"));
    if (role.isPresent() && key.isPresent()) {
      shape.bad(map, "role and apiKey in one rule", "one of them");
      return;
    }
    if (key.isPresent()) {
      shape.inexpressible(
          map, "the single Kafka call '" + key.get() + "': sentences say produce or consume");
      return;
    }
    if (shape.errors() != before) {
      return;
    }
    if (role.isEmpty()) {
      sentences.add(map, true, "produce " + topic, peers, portTail());
      sentences.add(map, true, "consume " + topic, peers, portTail());
      return;
    }
    if (!List.of("produce", "consume").contains(role.get())) {
      shape.bad(map, "the role '" + role.get() + "' does not exist", "produce or consume");
      return;
    }
    sentences.add(map, true, role.get() + " " + topic, peers, portTail());
  }
}
