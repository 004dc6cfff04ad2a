package dev.drawbridge.cli;

import dev.drawbridge.api.ExplanationReport;
import dev.drawbridge.api.Outcome;
import dev.drawbridge.api.Party;
import dev.drawbridge.api.PeerReference;
import dev.drawbridge.api.RuleReference;
import dev.drawbridge.api.VerdictQuery;
import dev.drawbridge.api.VerdictReport;
import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Explanation;
import dev.drawbridge.policy.HostPolicy;
import dev.drawbridge.policy.HttpRequest;
import dev.drawbridge.policy.LabelParser;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.NetworkEntry;
import dev.drawbridge.policy.PathReadings;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.Question;
import dev.drawbridge.policy.RuleInfo;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.Workload;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Answers a question without an agent: by the containers that compose would start, as if they ran
 * alone on a host. The agent's own answers are made by the same policy code.
 */
final class OfflineVerdict {
  private static final int IMAGINED_CALLER = Integer.MAX_VALUE - 1;
  private static final int IMAGINED_CALLEE = Integer.MAX_VALUE - 2;

  private final List<Member> members;
  private final HostPolicy host;
  private final boolean defaultDeny;

  OfflineVerdict(List<Member> members, HostPolicy host, boolean defaultDeny) {
    this.members = members;
    this.host = host;
    this.defaultDeny = defaultDeny;
  }

  /** Who a side of the question may be; {@code address} if it is one beyond this host. */
  private record Candidate(int peer, PeerReference reference, Optional<Cidr> address) {}

  VerdictReport answer(VerdictQuery query) throws CommandException {
    List<Member> all = new ArrayList<>(members);
    List<Candidate> callers = candidates(query.from(), IMAGINED_CALLER, all);
    List<Candidate> callees = candidates(query.to(), IMAGINED_CALLEE, all);
    Policy policy = Policy.compile(new PolicyInput(1, all, host, defaultDeny));
    List<VerdictReport> reports = new ArrayList<>();
    for (Candidate caller : callers) {
      for (Candidate callee : callees) {
        reports.add(judge(policy, query, caller, callee));
      }
    }
    VerdictReport first = reports.getFirst();
    for (VerdictReport other : reports) {
      if (other.verdict() != first.verdict() || other.reasonCode() != first.reasonCode()) {
        throw new CommandException("the answer is " + told(first) + ", but " + told(other));
      }
    }
    return first;
  }

  private static String told(VerdictReport report) {
    return report.verdict().name().toLowerCase(Locale.ROOT)
        + " from "
        + report.from().display()
        + " to "
        + report.to().display();
  }

  private List<Candidate> candidates(Party party, int imagined, List<Member> all)
      throws CommandException {
    return switch (party) {
      case Party.Host _ -> List.of(outsider(Peers.HOST, "host", Optional.empty()));
      case Party.World _ -> List.of(outsider(Peers.WORLD, "world", Optional.empty()));
      case Party.Address(String literal) -> List.of(byAddress(literal));
      case Party.Container(String name) -> byName(name);
      case Party.Labels(SortedMap<String, String> labels) -> byLabels(labels, imagined, all);
    };
  }

  private static Candidate outsider(int peer, String name, Optional<Cidr> address) {
    return new Candidate(peer, new PeerReference(peer, name, new TreeMap<>()), address);
  }

  private static Candidate byAddress(String literal) {
    String address = InetAddress.ofLiteral(literal).getHostAddress();
    return outsider(Peers.WORLD, "world", Cidr.parse(address));
  }

  private List<Candidate> byName(String name) throws CommandException {
    List<Candidate> found = new ArrayList<>();
    List<String> known = new ArrayList<>();
    for (Member member : members) {
      String service = member.workload().composeService().orElse("");
      known.add(service);
      if (service.equals(name) || member.workload().name().equals(name)) {
        found.add(known(member));
      }
    }
    if (found.isEmpty()) {
      throw new CommandException(
          "no service or container is called \""
              + name
              + "\" (expected: "
              + (known.isEmpty() ? "" : "one of " + String.join(", ", known) + ", or ")
              + "labels such as app=api)");
    }
    return found;
  }

  private static Candidate known(Member member) {
    Workload workload = member.workload();
    return new Candidate(
        member.endpoint(),
        new PeerReference(
            member.endpoint(),
            workload.composeService().orElse(workload.name()),
            workload.labels()),
        Optional.empty());
  }

  /** Labels that no service bears stand for a container that does; its policy labels count too. */
  private List<Candidate> byLabels(
      SortedMap<String, String> labels, int imagined, List<Member> all) {
    List<Candidate> found = new ArrayList<>();
    for (Member member : members) {
      if (member.workload().labels().entrySet().containsAll(labels.entrySet())) {
        found.add(known(member));
      }
    }
    if (found.isEmpty()) {
      Workload workload = Workload.of("", labels);
      all.add(new Member(imagined, workload, LabelParser.parse(labels).value()));
      found.add(
          new Candidate(imagined, new PeerReference(0, "", workload.labels()), Optional.empty()));
    }
    return found;
  }

  private static VerdictReport judge(
      Policy policy, VerdictQuery query, Candidate caller, Candidate callee) {
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
        policy.rule(verdict.rule()).map(OfflineVerdict::rule),
        caller.reference(),
        callee.reference(),
        verdict.generation(),
        verdict.audited(),
        question.needsEngine(policy) ? "engine" : "kernel",
        query.explain() ? Optional.of(explain(question.explain(policy))) : Optional.empty());
  }

  /** The longest range that rules name decides, as in the kernel. */
  private static int number(Policy policy, Candidate candidate) {
    int peer = candidate.peer();
    int longest = -1;
    if (candidate.address().isPresent()) {
      for (NetworkEntry network : policy.networks()) {
        if (network.range().bits() > longest
            && network.range().contains(candidate.address().get())) {
          longest = network.range().bits();
          peer = network.peer();
        }
      }
    }
    return peer;
  }

  private static HttpRequest request(VerdictQuery query, VerdictQuery.Request request) {
    int data = request.path().indexOf('?');
    String path = data < 0 ? request.path() : request.path().substring(0, data);
    Map<String, List<String>> headers = query.headers();
    return new HttpRequest(
        request.method(),
        PathReadings.of(path),
        query.host().orElse("").toLowerCase(Locale.ROOT),
        name -> headers.getOrDefault(name, List.of()));
  }

  private static RuleReference rule(RuleInfo rule) {
    return new RuleReference(rule.number(), rule.origin().display(), rule.owner(), rule.text());
  }

  private static ExplanationReport explain(Explanation explanation) {
    return new ExplanationReport(
        explanation.sides().stream().map(OfflineVerdict::side).toList(),
        explanation.advice().stream()
            .map(a -> new ExplanationReport.SuggestedLabel(a.container(), a.key(), a.value()))
            .toList());
  }

  private static ExplanationReport.SideReport side(Explanation.SideReport side) {
    return new ExplanationReport.SideReport(
        lower(side.direction()),
        side.owner(),
        lower(side.mode()),
        side.closed(),
        lower(side.decision()),
        side.reason().slug(),
        side.reason().sentence(),
        side.decidedBy().map(OfflineVerdict::rule),
        side.near().stream()
            .map(near -> new ExplanationReport.NearMiss(rule(near.rule()), near.why()))
            .toList());
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
