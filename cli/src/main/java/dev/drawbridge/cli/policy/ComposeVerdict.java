package dev.drawbridge.cli.policy;

import dev.drawbridge.api.VerdictResult;
import dev.drawbridge.api.report.PeerReference;
import dev.drawbridge.api.report.VerdictReport;
import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.ask.Asked;
import dev.drawbridge.policy.ask.Inquiry;
import dev.drawbridge.policy.ask.Known;
import dev.drawbridge.policy.ask.Who;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.tools.lint.ComposeFile;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * An answer by compose files, if there is one: what depends on a variable that nobody set, on a
 * shared network, or on which compose starts the containers, is not answered.
 */
final class ComposeVerdict {
  private final ComposeFile compose;
  private final HostPolicy host;
  private final boolean defaultDeny;

  ComposeVerdict(ComposeFile compose, HostPolicy host, boolean defaultDeny) {
    this.compose = compose;
    this.host = host;
    this.defaultDeny = defaultDeny;
  }

  VerdictReport answer(Asked asked) throws CommandException {
    Set<String> keys = new TreeSet<>();
    for (Who who : List.of(asked.from(), asked.to())) {
      if (who instanceof Who.Labels(var labels)) {
        keys.addAll(labels.keySet());
        refuseUnknownBearers(labels.keySet());
      }
    }
    VerdictReport now = answer(compose.members(), compose.membersOfV1(), asked);
    refuseUnknown(now.from(), keys);
    refuseUnknown(now.to(), keys);
    refuseSeveral(now.from(), now.to());
    return now;
  }

  /** docker-compose 1 and docker compose 2 name containers differently. */
  private VerdictReport answer(List<Member> v2, List<Member> v1, Asked asked)
      throws CommandException {
    VerdictReport report;
    try {
      report = by(v2, asked);
    } catch (CommandException e) {
      // The question may use the other names.
      if (v1.equals(v2)) {
        throw e;
      }
      try {
        return by(v1, asked);
      } catch (CommandException ignored) {
        throw e;
      }
    }
    VerdictReport old;
    try {
      old = by(v1, asked);
    } catch (CommandException e) {
      return report; // asked by a name that only docker compose 2 gives
    }
    if (old.verdict() != report.verdict() || old.reasonCode() != report.reasonCode()) {
      throw new CommandException(
          "cannot know: docker compose 2 calls a container "
              + v2.getFirst().workload().name()
              + ", docker-compose 1 calls it "
              + v1.getFirst().workload().name()
              + ", and a rule goes by such a name (expected: service:NAME in the rule, or container_name in the file)");
    }
    return report;
  }

  private VerdictReport by(List<Member> members, Asked asked) throws CommandException {
    List<Known.Container> containers =
        members.stream()
            .map(member ->
                new Known.Container(
                    member,
                    "",
                    member.workload().composeService().orElse(member.workload().name()),
                    0,
                    compose.rewrites(member.endpoint()),
                    false))
            .toList();
    Known known = Known.of(containers, host, defaultDeny);
    return switch (VerdictResult.of(new Inquiry(known).answer(asked))) {
      case VerdictResult.Answered(VerdictReport report) -> report;
      case VerdictResult.Unknown(String _, String message, String expected) ->
          throw new CommandException(message + " (expected: " + expected + ")");
    };
  }

  private void refuseUnknown(PeerReference peer, Set<String> asked) throws CommandException {
    refuse(peer.display(), compose.cannotKnow(peer.endpoint(), host, asked));
  }

  /** One container is not judged when it talks to itself, but one of several is, by the others. */
  private void refuseSeveral(PeerReference from, PeerReference to) throws CommandException {
    if (from.endpoint() == to.endpoint()
        && Peers.isEndpoint(from.endpoint())
        && compose.several(from.endpoint())) {
      refuse(
          from.display(),
          List.of("there may be several of it, and which of them is asked is not said"));
    }
  }

  /** Any service whose label is not known might be the one that is asked about. */
  private void refuseUnknownBearers(Set<String> keys) throws CommandException {
    for (Member member : compose.members()) {
      if (!member.workload().labels().keySet().containsAll(keys)) {
        refuse(
            member.workload().composeService().orElse(member.workload().name()),
            compose.unknownLabels(member.endpoint(), keys));
      }
    }
  }

  private static void refuse(String name, List<String> why) throws CommandException {
    if (!why.isEmpty()) {
      throw new CommandException("cannot know " + name + ": " + String.join("; ", why));
    }
  }
}
