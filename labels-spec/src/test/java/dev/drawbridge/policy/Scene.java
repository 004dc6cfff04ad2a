package dev.drawbridge.policy;

import dev.drawbridge.policy.http.Headers;
import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.ContainerPolicy;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.parse.HostPolicyParser;
import dev.drawbridge.policy.parse.LabelParser;
import dev.drawbridge.policy.tls.TlsAsk;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Containers and host files to judge by. Models no network: peers are numbers. */
public final class Scene {
  private final Map<String, Map<String, String>> containers = new LinkedHashMap<>();
  private final List<String> hostLines = new ArrayList<>();
  private boolean defaultDeny;
  private long generation = 1;

  /** A container; each label is {@code key: value}, a bare sentence becomes a policy label. */
  public Scene container(String name, String... labels) {
    var map = new TreeMap<String, String>();
    int n = 0;
    for (String label : labels) {
      int colon = label.indexOf(": ");
      if (colon > 0 && label.lastIndexOf(' ', colon) < 0) {
        map.put(label.substring(0, colon), label.substring(colon + 2));
      } else if (label.contains("may ")) {
        map.put("drawbridge.policy.r" + n++, label);
      } else {
        int equal = label.indexOf('=');
        map.put(label.substring(0, equal), label.substring(equal + 1));
      }
    }
    containers.put(name, map);
    return this;
  }

  Scene without(String name) {
    containers.remove(name);
    return this;
  }

  Scene host(String... lines) {
    hostLines.addAll(List.of(lines));
    return this;
  }

  Scene defaultDeny() {
    defaultDeny = true;
    return this;
  }

  Scene generation(long number) {
    generation = number;
    return this;
  }

  public int number(String name) {
    return switch (name) {
      case "host" -> Peers.HOST;
      case "world" -> Peers.WORLD;
      default -> {
        int n = Peers.FIRST_ENDPOINT;
        for (String known : containers.keySet()) {
          if (known.equals(name)) {
            yield n;
          }
          n++;
        }
        throw new IllegalArgumentException(name);
      }
    };
  }

  PolicyInput input() {
    var members = new ArrayList<Member>();
    containers.forEach((name, labels) -> {
      Parsed<ContainerPolicy> parsed = LabelParser.parse(name, labels);
      if (!parsed.ok()) {
        throw new IllegalArgumentException(parsed.problems().getFirst().withCaret());
      }
      members.add(new Member(number(name), Workload.of(name, labels), parsed.value()));
    });
    Parsed<HostPolicy> host = HostPolicyParser.parse("t.policy", String.join("\n", hostLines));
    if (!host.ok()) {
      throw new IllegalArgumentException(host.problems().getFirst().withCaret());
    }
    return new PolicyInput(generation, members, host.value(), defaultDeny);
  }

  public Policy policy() {
    return Policy.compile(input());
  }

  /**
   * {@code tcp/5432}, {@code udp/53}, {@code icmp}, {@code GET:8080 /path}, {@code CALL
   * pkg.Service/Method}, {@code TLS:443 name}, or {@code READ /path}: GET, in every reading;
   * without a port 80.
   */
  public Verdict ask(String from, String to, String what) {
    return ask(policy(), from, to, what);
  }

  Verdict ask(Policy policy, String from, String to, String what) {
    int caller = number(from);
    int callee = number(to);
    int blank = what.indexOf(' ');
    if (blank < 0) {
      String[] parts = what.split("/", -1);
      int protocol =
          switch (parts[0]) {
            case "tcp" -> Ports.TCP;
            case "udp" -> Ports.UDP;
            case "sctp" -> Ports.SCTP;
            case "icmp" -> Ports.ICMP;
            case "icmpv6" -> Ports.ICMPV6;
            default -> Integer.parseInt(parts[0]);
          };
      int port = parts.length > 1 ? Integer.parseInt(parts[1]) : 0;
      return policy.l4(caller, callee, protocol, port);
    }
    String method = what.substring(0, blank);
    int colon = method.indexOf(':');
    int port = colon < 0 ? 80 : Integer.parseInt(method.substring(colon + 1));
    method = colon < 0 ? method : method.substring(0, colon);
    String rest = what.substring(blank + 1);
    if (method.equals("TLS")) {
      return policy.judge(caller, callee, port, new TlsAsk(rest));
    }
    return policy.judge(
        caller,
        callee,
        port,
        switch (method) {
          case "CALL" -> call(rest);
          case "READ" -> read("GET", rest, Headers.NONE);
          default -> HttpRequest.of(method, rest);
        });
  }

  /** A request as whoever judges reads it. */
  static HttpRequest read(String method, String target, Headers headers) {
    int query = target.indexOf('?');
    return HttpRequest.read(
        method,
        query < 0 ? target : target.substring(0, query),
        query < 0 ? "" : target.substring(query + 1),
        "",
        headers);
  }

  /** A gRPC request for {@code pkg.Service/Method}. */
  public static HttpRequest call(String target) {
    Headers grpc = name -> name.equals("content-type") ? List.of("application/grpc") : List.of();
    return new HttpRequest("POST", List.of("/" + target), "", grpc);
  }

  public Decision decide(String from, String to, String what) {
    return ask(from, to, what).decision();
  }
}
