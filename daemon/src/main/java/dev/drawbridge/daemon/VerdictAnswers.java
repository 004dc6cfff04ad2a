package dev.drawbridge.daemon;

import dev.drawbridge.api.Outcome;
import dev.drawbridge.api.Party;
import dev.drawbridge.api.PeerReference;
import dev.drawbridge.api.VerdictQuery;
import dev.drawbridge.api.VerdictReport;
import dev.drawbridge.api.VerdictResult;
import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.ContainerPolicy;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Headers;
import dev.drawbridge.policy.HttpRequest;
import dev.drawbridge.policy.LabelParser;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.NetworkEntry;
import dev.drawbridge.policy.PathReadings;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.Question;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.Workload;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
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

  /**
   * Somebody who can be asked about.
   *
   * @param imagined the labels that no container bears
   * @param address an address beyond this host, which rules may name
   */
  private record Candidate(
      int peer, PeerReference reference, Optional<Workload> imagined, Optional<Cidr> address) {}

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
    return new Candidate(
        peer, new PeerReference(peer, name, new TreeMap<>()), Optional.empty(), Optional.empty());
  }

  private static Candidate known(NodeState.Container container) {
    return new Candidate(
        container.endpoint(), container.reference(), Optional.empty(), Optional.empty());
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
    int peer = peerOf(state, Cidr.single(address));
    NodeState.Container container = state.containers().get(peer);
    if (container != null) {
      return some(known(container));
    }
    if (peer == Peers.HOST) {
      return some(outsider(peer, "host"));
    }
    if (peer == Peers.EXEMPT) {
      return some(outsider(peer, Names.EXEMPT.name()));
    }
    return some(
        new Candidate(
            Peers.WORLD,
            new PeerReference(Peers.WORLD, "world", new TreeMap<>()),
            Optional.empty(),
            Optional.of(Cidr.single(address))));
  }

  /** As the kernel looks it up: the longest prefix decides. */
  static int peerOf(NodeState state, Cidr single) {
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
    for (NodeState.Exempt exempt : state.exempt()) {
      String id = exempt.observed().id();
      boolean byId = nameOrId.length() >= 12 && id.startsWith(nameOrId);
      if (exempt.observed().name().equals(nameOrId) || byId) {
        // In the host's network it is whoever the host is.
        found.add(
            exempt.observed().networkMode().equals("host")
                ? outsider(Peers.HOST, "host")
                : outsider(Peers.EXEMPT, exempt.observed().name()));
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
              Optional.of(new Workload("", new TreeMap<>(labels))),
              Optional.empty()));
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
    Question question =
        new Question(
            number(policy, caller),
            number(policy, callee),
            query.protocol().number(),
            query.port(),
            query.request().map(request -> request(query, request)),
            query.serverName());
    Verdict verdict = question.verdict(policy);
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
        question.needsEngine(policy) ? "engine" : "kernel",
        query.explain()
            ? Optional.of(Explanations.report(question.explain(policy)))
            : Optional.empty());
  }

  /** A policy compiled anew may number address ranges differently: they are looked up in it. */
  private static int number(Policy policy, Candidate candidate) {
    return candidate.address().map(single -> worldly(policy, single)).orElse(candidate.peer());
  }

  /** As the kernel looks it up: the longest prefix decides. */
  private static int worldly(Policy policy, Cidr single) {
    int peer = Peers.WORLD;
    int longest = -1;
    for (NetworkEntry network : policy.networks()) {
      if (network.range().bits() > longest && network.range().contains(single)) {
        longest = network.range().bits();
        peer = network.peer();
      }
    }
    return peer;
  }

  private static HttpRequest request(VerdictQuery query, VerdictQuery.Request request) {
    Map<String, List<String>> headers = query.headers();
    Headers lookup = name -> headers.getOrDefault(name, List.of());
    return new HttpRequest(
        request.method(), PathReadings.of(pathOf(request.path())), host(query), lookup);
  }

  /** As the engine compares it: without the default port, in lower case. */
  private static String host(VerdictQuery query) {
    String host = query.host().orElse("").toLowerCase(Locale.ROOT);
    for (int port : List.of(80, query.port())) {
      if (port > 0 && host.endsWith(":" + port)) {
        return host.substring(0, host.length() - Integer.toString(port).length() - 1);
      }
    }
    return host;
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
