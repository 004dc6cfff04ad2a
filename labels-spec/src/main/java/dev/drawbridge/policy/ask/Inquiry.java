package dev.drawbridge.policy.ask;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.LinkRanges;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.ask.Finder.Candidate;
import dev.drawbridge.policy.http.Headers;
import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.http.RequestLine;
import dev.drawbridge.policy.kernel.NetworkEntry;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.DnsName;
import dev.drawbridge.policy.parse.LabelParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * Answers "may this do that?" by what is known: the snapshot that kernel and engine judge by, or
 * the containers that a compose file would start. For labels that no container bears, the same
 * policy is compiled with one more member.
 */
public final class Inquiry {
  /** Stands for a workload that does not exist; no endpoint ever has it. */
  private static final int IMAGINED_CALLER = Integer.MAX_VALUE - 1;

  private static final int IMAGINED_CALLEE = Integer.MAX_VALUE - 2;

  private final Known known;

  public Inquiry(Known known) {
    this.known = known;
  }

  /** The answer, or what keeps it from being one. */
  public Answer answer(Asked asked) {
    var finder = new Finder(known);
    Finder.Found from = finder.find(asked.from(), IMAGINED_CALLER);
    if (from instanceof Finder.Found.Nobody(Answer.Unknown why)) {
      return why;
    }
    List<Candidate> callers = ((Finder.Found.Some) from).candidates();
    Finder.Found to = finder.find(asked.to(), IMAGINED_CALLEE);
    Optional<DnsName> name = to instanceof Finder.Found.Some ? Optional.empty() : name(asked.to());
    List<Pair> pairs = new ArrayList<>();
    for (Candidate caller : callers) {
      switch (name.isEmpty() ? to : finder.byDnsName(name.get(), caller)) {
        case Finder.Found.Nobody(Answer.Unknown why) -> {
          return why;
        }
        case Finder.Found.Some(List<Candidate> callees) ->
            callees.forEach(callee -> pairs.add(new Pair(caller, callee)));
      }
    }
    // Asked of several, it is about the others.
    List<Pair> others = pairs.stream().filter(pair -> !pair.isOne()).toList();
    if (others.isEmpty()) {
      return toItself(callers.getFirst());
    }
    List<Answer.Given> all = new ArrayList<>();
    for (Pair pair : others) {
      switch (judge(asked, pair.caller(), pair.callee())) {
        case Answer.Unknown why -> {
          return why;
        }
        case Answer.Given given -> all.add(given);
      }
    }
    Answer.Given first = all.getFirst();
    for (Answer.Given other : all) {
      if (isDenied(other.verdict()) != isDenied(first.verdict())
          || other.verdict().reason() != first.verdict().reason()) {
        return new Answer.Unknown(
            "ambiguous",
            "the answer is " + told(first) + ", but " + told(other),
            "container names, or labels that only containers of one answer bear");
      }
    }
    return name.isEmpty()
        ? first
        : first.to(
            all.stream()
                .map(given -> given.to().name())
                .distinct()
                .collect(Collectors.joining(", ")));
  }

  /** What no container is called may be a name of the world's. */
  private static Optional<DnsName> name(Who who) {
    return who instanceof Who.Container(String text) && text.indexOf('.') > 0
        ? Optional.of(DnsName.of(text)).filter(DnsName::isPlain)
        : Optional.empty();
  }

  private record Pair(Candidate caller, Candidate callee) {
    boolean isOne() {
      return caller.imagined().isEmpty()
          && caller.number() == callee.number()
          && Peers.isEndpoint(caller.number());
    }
  }

  /** As the kernel does, whatever the rules say: they are about others. */
  private Answer.Given toItself(Candidate container) {
    return new Answer.Given(
        new Verdict(Decision.ALLOW, Reason.OPEN, known.policy().generation(), 0, false),
        Optional.empty(),
        container.peer(),
        container.peer(),
        false,
        Optional.empty());
  }

  private static boolean isDenied(Verdict verdict) {
    return verdict.decision() == Decision.DENY;
  }

  private static String told(Answer.Given given) {
    return (isDenied(given.verdict()) ? "deny" : "allow")
        + " from "
        + told(given.from())
        + " to "
        + told(given.to());
  }

  private static String told(Answer.Peer peer) {
    return peer.name().isEmpty() ? peer.labels().toString() : peer.name();
  }

  private Answer judge(Asked asked, Candidate caller, Candidate callee) {
    Policy policy = policyFor(caller, callee);
    int from = number(policy, caller);
    int to = byName(policy, from, callee).orElse(number(policy, callee));
    Question question = question(asked, from, to, asked.host());
    List<Integer> ports = question.governedPorts(policy);
    Question asOne = ports.isEmpty() ? question : question.at(ports.getFirst());
    Verdict verdict = verdict(policy, asked, asOne, caller, callee);
    for (int port : ports) {
      Verdict other = verdict(policy, asked, question.at(port), caller, callee);
      if (isDenied(other) != isDenied(verdict)) {
        return new Answer.Unknown(
            "needs-port",
            "the answer depends on the port: "
                + told(verdict)
                + " on "
                + asOne.port()
                + ", but "
                + told(other)
                + " on "
                + port,
            "a port as well");
      }
    }
    if (asked.request().isPresent() && asked.host().isEmpty() && !isDenied(verdict)) {
      for (String host : asOne.forbiddenHosts(policy)) {
        Question named = question(asked, from, to, Optional.of(host)).at(asOne.port());
        if (isDenied(verdict(policy, asked, named, caller, callee))) {
          return new Answer.Unknown(
              "needs-host",
              "the answer depends on the host that the request is for: it is denied for " + host,
              "the request's host as well");
        }
      }
    }
    if (mayBeTakenForAnother(policy, asked, asOne, caller, callee, verdict)) {
      return new Answer.Unknown(
          "unknown-listener",
          told(callee.peer())
              + " shares its network and is older than its programs: whose a listener is"
              + " may not be known",
          "a container that was started with the hook; start it again");
    }
    Optional<String> part = otherwiseInPart(policy, asked, question, verdict, caller, callee);
    if (part.isPresent()) {
      return new Answer.Unknown(
          "needs-address",
          "the answer depends on the address: it is denied for some of " + part.get(),
          "an address");
    }
    Optional<String> otherwise = otherwiseByName(policy, asked, question, verdict, caller, callee);
    if (otherwise.isPresent()) {
      return new Answer.Unknown(
          "unknown-name",
          "the answer depends on whether "
              + told(caller.peer())
              + " knows the address by a name of "
              + otherwise.get()
              + ", which nobody can know who does not see it ask",
          callee.address().isEmpty()
              ? "an address or a name"
              : "an agent, and a container that runs");
    }
    return new Answer.Given(
        verdict,
        policy.rule(verdict.rule()),
        caller.peer(),
        callee.peer(),
        asOne.needsEngine(policy),
        asked.explain() ? Optional.of(asOne.explain(policy)) : Optional.empty());
  }

  /** The name by which it would be otherwise, where what the caller has learned is not known. */
  private Optional<String> otherwiseByName(
      Policy policy,
      Asked asked,
      Question question,
      Verdict verdict,
      Candidate caller,
      Candidate callee) {
    Optional<Cidr> address = callee.address();
    if (address.isEmpty()) {
      // Of the world as such it is known to nobody which of its addresses is meant.
      if (question.callee() != Peers.WORLD || isDenied(verdict)) {
        return Optional.empty();
      }
      address = Optional.of(Unlearned.SOMEWHERE);
    } else if (caller.imagined().isEmpty() && known.learned().isKnown()) {
      return Optional.empty();
    }
    for (Unlearned.Might might :
        Unlearned.of(policy, question.caller(), question.callee(), address.get())) {
      if (isOtherwise(policy, asked, question, might.peer(), verdict, caller, callee)) {
        return Optional.of(might.name());
      }
    }
    return Optional.empty();
  }

  /** The range of which it would be otherwise, where all the world is asked about. */
  private Optional<String> otherwiseInPart(
      Policy policy,
      Asked asked,
      Question question,
      Verdict verdict,
      Candidate caller,
      Candidate callee) {
    if (callee.address().isPresent() || question.callee() != Peers.WORLD || isDenied(verdict)) {
      return Optional.empty();
    }
    return policy.networks().stream()
        .filter(part -> isOtherwise(policy, asked, question, part.peer(), verdict, caller, callee))
        .findFirst()
        .map(part -> part.range().print());
  }

  /** Whether the verdict is another if the callee is who has that number, at some port or host. */
  private boolean isOtherwise(
      Policy policy,
      Asked asked,
      Question question,
      int peer,
      Verdict verdict,
      Candidate caller,
      Candidate callee) {
    Question other = question(asked, question.caller(), peer, asked.host());
    List<Integer> governed = other.governedPorts(policy);
    for (int port : governed.isEmpty() ? List.of(other.port()) : governed) {
      Question at = other.at(port);
      if (isDenied(verdict(policy, asked, at, caller, callee)) != isDenied(verdict)) {
        return true;
      }
      if (asked.request().isPresent() && asked.host().isEmpty() && !isDenied(verdict)) {
        for (String host : at.forbiddenHosts(policy)) {
          Question sent = question(asked, at.caller(), at.callee(), Optional.of(host)).at(port);
          if (isDenied(verdict(policy, asked, sent, caller, callee))) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private static String told(Verdict verdict) {
    return isDenied(verdict) ? "denied" : "allowed";
  }

  /** As the wire does: what cannot be read in one way only is refused where anything is read. */
  private Verdict verdict(
      Policy policy, Asked asked, Question question, Candidate caller, Candidate callee) {
    boolean within = caller.network() != 0 && caller.network() == callee.network();
    if (caller.rewritten()
        && (within || !Peers.isEndpoint(question.callee()))
        && question.protocol() == Asked.Protocol.TCP.number()
        && question.needsEngine(policy)) {
      // Refused at connect, before anything is read: nobody there judges what arrives.
      Verdict carried =
          policy.l4(question.caller(), question.callee(), question.protocol(), question.port());
      return new Verdict(
          Decision.DENY, Reason.CALLER_REWRITES, carried.generation(), carried.rule(), false);
    }
    if (!within && question.protocol() != Asked.Protocol.TCP.number()) {
      // Nothing tells whose socket a datagram will come to: it leaves by what the rules say of
      // whose the address is.
      for (Known.Container owner : known.containers()) {
        if (callee.network() != 0
            && owner.network() == callee.network()
            && known.addresses().containsValue(owner.endpoint())) {
          Verdict leaving =
              policy.leaving(
                  question.caller(), owner.endpoint(), question.protocol(), question.port());
          if (isDenied(leaving)) {
            return leaving;
          }
        }
      }
    }
    return plainVerdict(policy, asked, question);
  }

  /** As members.h: of whom nothing is known the strictest of those that live there answers. */
  private boolean mayBeTakenForAnother(
      Policy policy,
      Asked asked,
      Question question,
      Candidate caller,
      Candidate callee,
      Verdict verdict) {
    if (!callee.older()
        || isDenied(verdict)
        || question.protocol() != Asked.Protocol.TCP.number()
        || caller.network() == callee.network()) {
      return false;
    }
    boolean alone = true;
    for (Known.Container other : known.containers()) {
      if (other.network() == callee.network() && other.endpoint() != callee.number()) {
        alone = false;
        Question asOther =
            question(asked, question.caller(), other.endpoint(), asked.host()).at(question.port());
        if (isDenied(plainVerdict(policy, asked, asOther)) || asOther.needsEngine(policy)) {
          return true;
        }
      }
    }
    return !alone && question.needsEngine(policy);
  }

  private static Verdict plainVerdict(Policy policy, Asked asked, Question question) {
    boolean refused =
        asked
            .request()
            .flatMap(request -> RequestLine.fault(request.method(), request.path()))
            .isPresent();
    if (refused && question.needsEngine(policy)) {
      return policy.undecodable(
          question.caller(), question.callee(), question.port(), Reason.HTTP_MALFORMED);
    }
    return question.verdict(policy);
  }

  private static Question question(Asked asked, int from, int to, Optional<String> host) {
    return new Question(
        from,
        to,
        asked.protocol().number(),
        asked.port(),
        asked.ask().or(() -> asked.request().map(request -> request(asked, request, host))));
  }

  /** What stands in no URL is denied before it is read, so that any path will do for it. */
  private static HttpRequest request(Asked asked, Asked.Request line, Optional<String> host) {
    Map<String, List<String>> given = asked.headers();
    Headers headers =
        name ->
            name.equals("host")
                ? host.map(List::of).orElse(List.of())
                : given.getOrDefault(name, List.of());
    int query = line.path().indexOf('?');
    return HttpRequest.read(
        line.method(),
        query < 0 ? line.path() : line.path().substring(0, query),
        query < 0 ? "" : line.path().substring(query + 1),
        comparable(host.orElse(""), asked.port()),
        headers);
  }

  /** As the engine compares it: without the default port, in lower case. */
  private static String comparable(String sent, int port) {
    String host = sent.toLowerCase(Locale.ROOT);
    for (int standard : List.of(80, port)) {
      if (standard > 0 && host.endsWith(":" + standard)) {
        return host.substring(0, host.length() - Integer.toString(standard).length() - 1);
      }
    }
    return host;
  }

  /** What the caller has learned of an address, as the kernel looks it up first. */
  @SuppressWarnings("ReferenceEquality") // in one compiled anew, nobody has learned anything
  private OptionalInt byName(Policy policy, int from, Candidate callee) {
    return callee.address().isPresent() && policy == known.policy()
        ? known.learned().number(from, callee.address().get())
        : OptionalInt.empty();
  }

  /** A policy compiled anew may number address ranges differently: they are looked up in it. */
  private static int number(Policy policy, Candidate candidate) {
    return candidate.address().map(single -> worldly(policy, single)).orElse(candidate.number());
  }

  /** As the kernel looks it up: the longest prefix decides. */
  private static int worldly(Policy policy, Cidr single) {
    int peer = LinkRanges.hold(single) ? Peers.HOST : Peers.WORLD;
    int longest = -1;
    for (NetworkEntry network : policy.networks()) {
      if (network.range().bits() > longest && network.range().contains(single)) {
        longest = network.range().bits();
        peer = network.peer();
      }
    }
    return peer;
  }

  private Policy policyFor(Candidate caller, Candidate callee) {
    if (caller.imagined().isEmpty() && callee.imagined().isEmpty()) {
      return known.policy();
    }
    List<Member> members = new ArrayList<>();
    known.containers().forEach(container -> members.add(container.member()));
    imagine(caller, members);
    imagine(callee, members);
    return Policy.compile(
        new PolicyInput(
            known.policy().generation(), members, known.hostPolicy(), known.defaultDeny()));
  }

  /** A workload imagined with policy labels is judged by them too. */
  private static void imagine(Candidate candidate, List<Member> members) {
    candidate
        .imagined()
        .ifPresent(labels ->
            members.add(
                new Member(
                    candidate.number(),
                    Workload.of("", labels),
                    LabelParser.parse(labels).value())));
  }
}
