package dev.drawbridge.policy.ask;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.labels.Nearest;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.DnsName;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/** Finds who a side of a question may be. */
final class Finder {
  /** Shorter beginnings of an id are taken for names. */
  private static final int SHORTEST_ID = 12;

  private final Known known;

  Finder(Known known) {
    this.known = known;
  }

  /**
   * Somebody who can be asked about.
   *
   * @param imagined a workload that does not exist, with all its labels
   * @param address an address beyond this host, which rules may name
   * @param network number of its network namespace; 0: nobody else lives there
   * @param rewritten whether somebody in its network namespace may change packets on their way
   * @param older whether it may have listened before its programs were there
   */
  record Candidate(
      int number,
      Answer.Peer peer,
      Optional<SortedMap<String, String>> imagined,
      Optional<Cidr> address,
      int network,
      boolean rewritten,
      boolean older) {
    Candidate shown(String name) {
      return new Candidate(
          number,
          new Answer.Peer(peer.endpoint(), name, peer.labels()),
          imagined,
          address,
          network,
          rewritten,
          older);
    }
  }

  sealed interface Found {
    record Some(List<Candidate> candidates) implements Found {}

    record Nobody(Answer.Unknown why) implements Found {}
  }

  Found find(Who who, int imagined) {
    return switch (who) {
      case Who.Host _ -> some(outsider(Peers.HOST, "host", Optional.empty()));
      case Who.World _ -> some(outsider(Peers.WORLD, "world", Optional.empty()));
      case Who.Address(String literal) -> byAddress(literal);
      case Who.Container(String nameOrId) -> byName(nameOrId);
      case Who.Labels(SortedMap<String, String> labels) -> byLabels(labels, imagined);
      case Who.Service(Optional<String> project, String name) ->
          bySelf(
              workload ->
                  workload.composeService().equals(Optional.of(name))
                      && (project.isEmpty() || workload.composeProject().equals(project)),
              "service:" + project.map(p -> p + "/").orElse("") + name);
      case Who.Project(String name) ->
          bySelf(
              workload -> workload.composeProject().equals(Optional.of(name)), "project:" + name);
    };
  }

  private static Found some(Candidate candidate) {
    return new Found.Some(List.of(candidate));
  }

  private static Candidate outsider(int number, String name, Optional<Cidr> address) {
    return new Candidate(
        number,
        new Answer.Peer(number, name, new TreeMap<>()),
        Optional.empty(),
        address,
        0,
        false,
        false);
  }

  private static Candidate known(Known.Container container) {
    return new Candidate(
        container.endpoint(),
        new Answer.Peer(
            container.endpoint(), container.shown(), container.member().workload().labels()),
        Optional.empty(),
        Optional.empty(),
        container.network(),
        container.rewritten(),
        container.older());
  }

  private Found byAddress(String literal) {
    try {
      return new Found.Some(having(Cidr.single(InetAddress.ofLiteral(literal))));
    } catch (IllegalArgumentException e) {
      return nobody("bad-address", literal + " is not an address", "an IPv4 or IPv6 address");
    }
  }

  private List<Candidate> having(Cidr single) {
    int peer = Known.peerOf(known.addresses(), single);
    for (Known.Container container : known.containers()) {
      if (container.endpoint() == peer) {
        return livesWith(container);
      }
    }
    return List.of(
        switch (peer) {
          case Peers.HOST -> outsider(peer, "host", Optional.empty());
          case Peers.EXEMPT -> outsider(peer, "exempt", Optional.empty());
          default -> outsider(Peers.WORLD, "world", Optional.of(single));
        });
  }

  /** Where a name leads whoever asks for it, which another's question does not say. */
  Found byDnsName(DnsName name, Candidate caller) {
    List<Cidr> addresses = known.learned().addresses(caller.number(), name);
    if (!known.learned().isKnown()) {
      return nobody(
          "unknown-name",
          "no container is called "
              + name.print()
              + ", and where a name leads cannot be known by files: whoever asks for it is told",
          "an address, or an agent that is asked without files");
    }
    if (addresses.isEmpty()) {
      return nobody(
          "unknown-name",
          (caller.peer().name().isEmpty() ? "nobody" : caller.peer().name())
              + " has learned no address of "
              + name.print()
              + ", nor is a container called that: where a name leads is known when it was asked"
              + " for by who has rules about names",
          "a container that has asked for it, a name or id of drawbridge endpoints, or an"
              + " address");
    }
    List<Candidate> found = new ArrayList<>();
    for (Cidr single : new TreeSet<>(addresses)) {
      String at = name.print() + " at " + single.print();
      for (Candidate there : having(single)) {
        String who = there.address().isPresent() ? "" : ", which is " + there.peer().name();
        found.add(there.shown(at + who));
      }
    }
    return new Found.Some(found);
  }

  /** Everybody who has its addresses: which of them is meant depends on who listens. */
  private List<Candidate> livesWith(Known.Container container) {
    return known.containers().stream()
        .filter(other ->
            other.equals(container)
                || (container.network() != 0 && other.network() == container.network()))
        .map(Finder::known)
        .toList();
  }

  private Found byName(String nameOrId) {
    List<Candidate> found = new ArrayList<>();
    for (Known.Container container : known.containers()) {
      Workload workload = container.member().workload();
      boolean byId = nameOrId.length() >= SHORTEST_ID && container.id().startsWith(nameOrId);
      boolean byService =
          known.serviceNames() && workload.composeService().equals(Optional.of(nameOrId));
      if (workload.name().equals(nameOrId) || byId || byService) {
        found.add(known(container));
      }
    }
    for (Known.Outsider outsider : known.outsiders()) {
      boolean byId = nameOrId.length() >= SHORTEST_ID && outsider.id().startsWith(nameOrId);
      if (outsider.name().equals(nameOrId) || byId) {
        found.add(outsider(outsider.peer(), outsider.name(), Optional.empty()));
      }
    }
    return found.isEmpty() ? nobodyCalled(nameOrId) : new Found.Some(found);
  }

  private Found nobodyCalled(String name) {
    String message = "no guarded container is called \"" + name + "\"";
    List<String> near = near(name);
    return nobody(
        "unknown-container",
        near.isEmpty() ? message : message + "; did you mean " + String.join(" or ", near) + "?",
        known.serviceNames()
            ? "one of "
                + String.join(
                    ", ", known.containers().stream().map(Known.Container::shown).toList())
                + ", or labels such as app=api"
            : "a name or id of drawbridge endpoints, service:PROJECT/NAME, or labels such as"
                + " app=api");
  }

  /** Containers of a service with that name, or whose name holds it between marks, or nearly is. */
  private List<String> near(String name) {
    var names = new TreeSet<String>();
    var all = new ArrayList<String>();
    for (Known.Container container : known.containers()) {
      Workload workload = container.member().workload();
      all.add(container.shown());
      if (workload.composeService().equals(Optional.of(name))
          || List.of(workload.name().split("[_.-]", -1)).contains(name)
          || List.of(workload.name().split("[_-]", -1)).contains(name)) {
        names.add(container.shown());
      }
    }
    if (names.isEmpty()) {
      Nearest.of(name, all).ifPresent(names::add);
    }
    return names.stream().limit(3).toList();
  }

  private Found bySelf(Predicate<Workload> is, String written) {
    List<Candidate> found = new ArrayList<>();
    for (Known.Container container : known.containers()) {
      if (is.test(container.member().workload())) {
        found.add(known(container));
      }
    }
    if (!found.isEmpty()) {
      return new Found.Some(found);
    }
    var services = new TreeSet<String>();
    for (Known.Container container : known.containers()) {
      Workload workload = container.member().workload();
      workload
          .composeService()
          .ifPresent(service ->
              services.add(
                  "service:" + workload.composeProject().map(p -> p + "/").orElse("") + service));
    }
    String name = written.substring(written.indexOf(':') + 1);
    Optional<String> near =
        services.stream()
            .filter(s -> s.endsWith("/" + name.substring(name.indexOf('/') + 1)))
            .findFirst()
            .or(() -> Nearest.of(written, services));
    return nobody(
        "unknown-service",
        "no guarded container is of "
            + written
            + near.map(s -> "; did you mean " + s + "?").orElse(""),
        "a service of a container that runs, or labels such as app=api");
  }

  private Found byLabels(SortedMap<String, String> labels, int imagined) {
    List<Candidate> found = new ArrayList<>();
    for (Known.Container container : known.containers()) {
      if (container.member().workload().labels().entrySet().containsAll(labels.entrySet())) {
        found.add(known(container));
      }
    }
    if (!found.isEmpty()) {
      return new Found.Some(found);
    }
    return some(
        new Candidate(
            imagined,
            new Answer.Peer(0, "", Workload.of("", labels).labels()),
            Optional.of(labels),
            Optional.empty(),
            0,
            false,
            false));
  }

  private static Found nobody(String code, String message, String expected) {
    return new Found.Nobody(new Answer.Unknown(code, message, expected));
  }
}
