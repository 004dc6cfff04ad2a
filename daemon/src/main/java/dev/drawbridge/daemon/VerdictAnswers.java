package dev.drawbridge.daemon;

import dev.drawbridge.api.Outcome;
import dev.drawbridge.api.Party;
import dev.drawbridge.api.PeerReference;
import dev.drawbridge.api.VerdictQuery;
import dev.drawbridge.api.VerdictReport;
import dev.drawbridge.api.VerdictResult;
import dev.drawbridge.control.Desired;
import dev.drawbridge.l7.http1.PathReadings;
import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.ContainerPolicy;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Headers;
import dev.drawbridge.policy.HttpRequest;
import dev.drawbridge.policy.LabelParser;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.Workload;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Answers "may this do that?" by the very snapshot that kernel and engine judge by. For a set of
 * labels that no container bears, the same policy is compiled with one more member.
 */
final class VerdictAnswers {

  /** Stands for a workload that does not exist; no endpoint ever has it. */
  private static final int IMAGINED_CALLER = Integer.MAX_VALUE - 1;

  private static final int IMAGINED_CALLEE = Integer.MAX_VALUE - 2;

  private final boolean defaultDeny;

  VerdictAnswers(boolean defaultDeny) {
    this.defaultDeny = defaultDeny;
  }

  /** Somebody who can be asked about. */
  private record Candidate(int peer, PeerReference reference, Optional<Workload> imagined) {}

  VerdictResult answer(NodeState state, VerdictQuery query) {
    Found from = find(state, query.from(), IMAGINED_CALLER);
    if (from instanceof Found.Nobody(VerdictResult.Unknown unknown)) {
      return unknown;
    }
    Found to = find(state, query.to(), IMAGINED_CALLEE);
    if (to instanceof Found.Nobody(VerdictResult.Unknown unknown)) {
      return unknown;
    }
    List<VerdictReport> reports = new ArrayList<>();
    for (Candidate caller : ((Found.Some) from).candidates()) {
      for (Candidate callee : ((Found.Some) to).candidates()) {
        reports.add(judge(state, query, caller, callee));
      }
    }
    VerdictReport first = reports.getFirst();
    for (VerdictReport other : reports) {
      if (other.verdict() != first.verdict() || other.reasonCode() != first.reasonCode()) {
        return new VerdictResult.Unknown(
            "ambiguous",
            "the answer is "
                + first.verdict()
                + " from "
                + first.from().display()
                + " to "
                + first.to().display()
                + ", but "
                + other.verdict()
                + " from "
                + other.from().display()
                + " to "
                + other.to().display(),
            "container names, or labels that only containers of one answer bear");
      }
    }
    return new VerdictResult.Answered(first);
  }

  private sealed interface Found {
    record Some(List<Candidate> candidates) implements Found {}

    record Nobody(VerdictResult.Unknown why) implements Found {}
  }

  private static Found find(NodeState state, Party party, int imagined) {
    return switch (party) {
      case Party.Host _ -> some(outsider(Peers.HOST, "host"));
      case Party.World _ -> some(outsider(Peers.WORLD, "world"));
      case Party.Address(String literal) -> byAddress(state, literal);
      case Party.Container(String nameOrId) -> byName(state, nameOrId);
      case Party.Labels(SortedMap<String, String> labels) -> byLabels(state, labels, imagined);
    };
  }

  private static Found some(Candidate candidate) {
    return new Found.Some(List.of(candidate));
  }

  private static Candidate outsider(int peer, String name) {
    return new Candidate(peer, new PeerReference(peer, name, new TreeMap<>()), Optional.empty());
  }

  private static Candidate known(NodeState.Container container) {
    return new Candidate(container.endpoint(), Names.peer(container), Optional.empty());
  }

  private static Found byAddress(NodeState state, String literal) {
    InetAddress address;
    try {
      address = InetAddress.ofLiteral(literal);
    } catch (IllegalArgumentException e) {
      return new Found.Nobody(
          new VerdictResult.Unknown(
              "bad-address", literal + " is not an address", "an IPv4 or IPv6 address"));
    }
    int peer = peerOf(state, Desired.single(address));
    NodeState.Container container = state.containers().get(peer);
    if (container != null) {
      return some(known(container));
    }
    return some(peer == Peers.HOST ? outsider(peer, "host") : outsider(Peers.WORLD, "world"));
  }

  /** As the kernel looks it up: the longest prefix decides. */
  private static int peerOf(NodeState state, Cidr single) {
    int peer = Peers.WORLD;
    int longest = -1;
    for (Map.Entry<Cidr, Integer> entry : state.addresses().entrySet()) {
      if (entry.getKey().bits() > longest && entry.getKey().contains(single)) {
        longest = entry.getKey().bits();
        peer = entry.getValue();
      }
    }
    return peer;
  }

  private static Found byName(NodeState state, String nameOrId) {
    List<Candidate> found = new ArrayList<>();
    for (NodeState.Container container : attached(state)) {
      String id = container.observed().id();
      boolean byId = nameOrId.length() >= 12 && id.startsWith(nameOrId);
      if (container.observed().name().equals(nameOrId) || byId) {
        found.add(known(container));
      }
    }
    if (found.isEmpty()) {
      return new Found.Nobody(
          new VerdictResult.Unknown(
              "unknown-container",
              "no guarded container is called " + nameOrId,
              "a name or id of drawbridge endpoints, or labels such as app=api"));
    }
    return new Found.Some(found);
  }

  private static Found byLabels(NodeState state, SortedMap<String, String> labels, int imagined) {
    List<Candidate> found = new ArrayList<>();
    for (NodeState.Container container : attached(state)) {
      if (container.observed().labels().entrySet().containsAll(labels.entrySet())) {
        found.add(known(container));
      }
    }
    if (found.isEmpty()) {
      Workload workload = Workload.of("", labels);
      return some(
          new Candidate(
              imagined,
              new PeerReference(0, "", workload.labels()),
              Optional.of(new Workload("", new TreeMap<>(labels)))));
    }
    return new Found.Some(found);
  }

  private static List<NodeState.Container> attached(NodeState state) {
    return state.containers().values().stream()
        .filter(container -> container.attached().isPresent())
        .sorted(Comparator.comparingInt(NodeState.Container::endpoint))
        .toList();
  }

  private VerdictReport judge(
      NodeState state, VerdictQuery query, Candidate caller, Candidate callee) {
    Policy policy = policyFor(state, caller, callee);
    int protocol = query.protocol().number();
    int from = caller.peer();
    int to = callee.peer();
    String judgedBy = "kernel";
    Verdict verdict;
    if (query.request().isPresent()) {
      VerdictQuery.Request request = query.request().get();
      Verdict connection = policy.l4(from, to, protocol, query.port());
      if (connection.decision() == Decision.ENGINE || query.port() == 0) {
        judgedBy = connection.decision() == Decision.ENGINE ? "engine" : "kernel";
        verdict = policy.http(from, to, query.port(), request(query, request));
      } else {
        verdict = connection;
      }
    } else {
      verdict = policy.l4(from, to, protocol, query.port());
      judgedBy = verdict.decision() == Decision.ENGINE ? "engine" : "kernel";
    }
    return new VerdictReport(
        verdict.decision() == Decision.DENY ? Outcome.DENY : Outcome.ALLOW,
        verdict.reason().slug(),
        verdict.reason().code(),
        verdict.reason().sentence(),
        Names.rule(policy, verdict.rule()),
        caller.reference(),
        callee.reference(),
        verdict.generation(),
        verdict.audited(),
        judgedBy);
  }

  private static HttpRequest request(VerdictQuery query, VerdictQuery.Request request) {
    Map<String, List<String>> headers = query.headers();
    Headers lookup = name -> headers.getOrDefault(name, List.of());
    return new HttpRequest(
        request.method(), PathReadings.of(pathOf(request.path())), query.host().orElse(""), lookup);
  }

  /** Rules are about the path; the query is data. */
  private static String pathOf(String target) {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  private Policy policyFor(NodeState state, Candidate caller, Candidate callee) {
    if (caller.imagined().isEmpty() && callee.imagined().isEmpty()) {
      return state.policy();
    }
    List<Member> members = new ArrayList<>();
    for (NodeState.Container container : attached(state)) {
      members.add(
          new Member(
              container.endpoint(),
              Workload.of(container.observed().name(), container.observed().labels()),
              container.declared().value()));
    }
    imagine(caller, members);
    imagine(callee, members);
    return Policy.compile(
        new PolicyInput(state.policy().generation(), members, state.hostPolicy(), defaultDeny));
  }

  /** A workload imagined with policy labels is judged by them too. */
  private static void imagine(Candidate candidate, List<Member> members) {
    candidate
        .imagined()
        .ifPresent(workload -> {
          ContainerPolicy declared = LabelParser.parse(workload.labels()).value();
          members.add(new Member(candidate.peer(), Workload.of("", workload.labels()), declared));
        });
  }
}
