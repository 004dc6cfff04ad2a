package dev.drawbridge.daemon.node;

import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.control.EngineKind;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.container.How;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Problem;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.regex.Pattern;

/** What an operator should know of, each with a stable code of docs/reasons.md. */
public final class Problems {

  /** The kernel took only a part of a container's rules. */
  public static final String PARTLY_WRITTEN = "DB0504";

  /**
   * gVisor and virtual machines, by the names that they are registered under: of binaries, in
   * daemon.json, and of containerd's shims. Who calls one otherwise is not found out.
   */
  private static final Pattern STACKS =
      Pattern.compile(
          "(?:io\\.containerd\\.|containerd-shim-)?"
              + "(?:runsc|gvisor|kata|krun|firecracker|aws\\.firecracker)(?:[-.].*)?");

  private Problems() {}

  /** Everything about one container. */
  static List<ProblemReport> of(Guard guard) {
    String name = guard.observed().name();
    List<ProblemReport> problems = new ArrayList<>();
    guard.declared().problems().forEach(problem -> problems.add(report(name, problem)));
    if (guard.attachment().map(a -> a.how() == How.LISTENER).orElse(false)) {
      problems.add(
          plain(
              "DB0501",
              "warning",
              name,
              "started without the hook, by runtime \""
                  + guard.observed().runtimeName()
                  + "\"; it was attached after its first process ran"
                  + (guard.reset() == 0
                      ? ""
                      : ", and " + guard.reset() + " connections from before that were reset"),
              "recreate it with the drawbridge runtime"));
    }
    evasions(guard).ifPresent(problems::add);
    if (guard.attachment().isPresent()) {
      network(guard.observed()).ifPresent(problems::add);
      ownStack(guard.observed()).ifPresent(problems::add);
    }
    guard
        .failure()
        .ifPresent(why ->
            problems.add(
                plain(
                    "DB0502",
                    "error",
                    name,
                    "runs without being guarded: " + why,
                    "stop it, or mend the cause and restart it")));
    guard
        .kernelRefused()
        .ifPresent(why ->
            problems.add(
                plain(
                    PARTLY_WRITTEN,
                    "error",
                    name,
                    "the kernel took only a part of its rules, so it is closed in both directions: "
                        + why,
                    "a higher limit in the agent's configuration and a restart of the agent, or"
                        + " fewer rules")));
    return problems;
  }

  /** With what its own processes, or those it shares its network with, get around its rules. */
  private static Optional<ProblemReport> evasions(Guard guard) {
    if (guard.attachment().isEmpty()
        || (guard.evasions().isEmpty() && guard.neighbours().isEmpty())) {
      return Optional.empty();
    }
    StringBuilder text = new StringBuilder("not enforceable: it ");
    if (!guard.evasions().isEmpty()) {
      text.append("has ")
          .append(String.join(", ", guard.evasions()))
          .append(", with which a process gets around what its cgroup is judged by");
    }
    String and = guard.evasions().isEmpty() ? "" : "; it ";
    for (Map.Entry<String, SortedSet<String>> other : guard.neighbours().entrySet()) {
      text.append(and)
          .append("shares its network with ")
          .append(other.getKey())
          .append(", whose ")
          .append(String.join(", ", other.getValue()))
          .append(" can read and change what it sends, and send as if it were this container");
      and = "; it ";
    }
    if (guard.attachment().get().space().rewritten()) {
      text.append(
          ". What it asks other containers is judged where it arrives; layer-7 rules to the host"
              + " and the world are refused (caller-rewrites)");
    }
    return Optional.of(
        plain(
            "DB0507",
            "warning",
            guard.observed().name(),
            text.toString(),
            "recreate it with the drawbridge runtime, without --privileged, without --cap-add,"
                + " without the label drawbridge.capabilities"
                + (guard.neighbours().isEmpty()
                    ? ""
                    : " and with a network that it shares with no such container")));
  }

  /** What its network mode keeps rules from being about. */
  static Optional<ProblemReport> network(ObservedContainer container) {
    String mode = container.networkMode();
    if (mode.equals("host")) {
      return Optional.of(
          plain(
              "DB0509",
              "warning",
              container.name(),
              "shares the host's network: what it does is judged, but to others its address is the"
                  + " host's, so rules of others that name it do not cover it",
              "a network of its own, or rules about host"));
    }
    if (mode.startsWith("container:")) {
      return Optional.of(
          plain(
              "DB0510",
              "warning",
              container.name(),
              "shares the network of another container: each is judged by its own labels, by whose"
                  + " listener is called; what listened before its programs were there is judged as"
                  + " strictly as any of them, and has no layer-7 rules",
              "nothing, or a network of its own; what was started without the hook, started again"));
    }
    return Optional.empty();
  }

  /** A runtime that gives its containers a network stack that is not this kernel's. */
  public static Optional<ProblemReport> ownStack(ObservedContainer container) {
    String runtime = container.runtimeName();
    String name = runtime.substring(runtime.lastIndexOf('/') + 1);
    return STACKS.matcher(name).matches()
        ? Optional.of(
            plain(
                "DB0513",
                "error",
                container.name(),
                "not enforceable: runtime \""
                    + name
                    + "\" gives it a network stack of its own, and what that sends and receives"
                    + " passes no program on its cgroup",
                "runc or crun, behind the drawbridge runtime"))
        : Optional.empty();
  }

  /** A client spoke TLS where an HTTP rule decides. */
  public static ProblemReport tlsUnderHttp(String container, int port) {
    return plain(
        "DB0511",
        "warning",
        container,
        "a client speaks TLS at port "
            + port
            + ", where an HTTP or Kafka rule decides, which sees nothing in it",
        "\"open tls to NAME\" or \"connect " + port + "\", or HTTP or Kafka in the clear");
  }

  /** It was refused while no agent answered, and does not run now. */
  public static ProblemReport down(String container, String why) {
    return plain(
        "DB0512",
        "error",
        container,
        "was refused while the agent was away, and stays down: " + why,
        "docker start " + container);
  }

  /** The configuration file could not be read again. */
  public static ProblemReport configuration(String why) {
    return plain(
        "DB0521",
        "error",
        "",
        why + "; what was in force stays",
        "a file that drawbridge-agent --check-config finds right, and systemctl reload drawbridge");
  }

  /** The configuration file says something else than the agent was started with. */
  public static ProblemReport waitsForRestart(String keys) {
    return plain(
        "DB0521",
        "warning",
        "",
        "changed in the configuration file, and not in force before a restart of the agent: "
            + keys,
        "systemctl restart drawbridge, or the keys as they were");
  }

  /**
   * About what was learned of names.
   *
   * @param damage why what an agent before had learned is not known
   * @param evicted containers some of whose addresses found no room
   */
  public static List<ProblemReport> ofNames(
      NodeState state, Optional<String> damage, Set<Integer> evicted) {
    List<ProblemReport> problems = new ArrayList<>();
    damage.ifPresent(why ->
        problems.add(
            plain(
                "DB0516",
                "warning",
                "",
                "what containers had learned of addresses by names is forgotten: " + why,
                "nothing: they are known again when their names are asked for again")));
    for (int endpoint : evicted) {
      NodeState.Container container = state.containers().get(endpoint);
      if (container != null) {
        problems.add(
            plain(
                "DB0515",
                "warning",
                container.observed().name(),
                "has learned more addresses by names than are kept; those that nothing was opened"
                    + " by for longest open nothing new until their names are asked for again",
                "names that lead to fewer addresses, or a range as object"));
      }
    }
    return problems;
  }

  /** Everything about the node. */
  public static List<ProblemReport> of(
      Collection<NodeState.Container> containers,
      Policy policy,
      List<Problem> ofFiles,
      List<String> unreadable,
      List<String> refused,
      Optional<String> lastFailure,
      Map<EngineKind, String> answering,
      Optional<String> unguardable,
      Optional<String> unacquainted,
      Config config) {
    List<ProblemReport> problems = new ArrayList<>();
    containers.forEach(container -> problems.addAll(container.problems()));
    policy.problems().forEach(problem -> problems.add(report("", problem)));
    ofFiles.forEach(problem -> problems.add(report("", problem)));
    unreadable.forEach(sentence ->
        problems.add(
            plain("DB0503", "error", "", sentence, "the last good content stays in force")));
    refused.forEach(sentence ->
        problems.add(
            plain(
                "DB0520",
                "error",
                "",
                sentence,
                "a regular file that nobody but root may write, in such directories; the last good"
                    + " content stays in force")));
    lastFailure.ifPresent(failure ->
        problems.add(
            plain("DB0505", "error", "", failure, "see the agent's log for what came before")));
    for (EngineKind engine : config.engines()) {
      if (!answering.containsKey(engine)) {
        problems.add(
            plain(
                "DB0506",
                "warning",
                "",
                engine == EngineKind.PODMAN
                    ? "there is no state of Podman in " + config.placeOf(engine)
                    : "the container engine at " + config.placeOf(engine) + " does not answer",
                "containers that start through the hook are guarded all the same; where there is no"
                    + " such engine, an empty "
                    + Config.keyOf(engine)
                    + " says so"));
      }
    }
    unguardable.ifPresent(why ->
        problems.add(
            plain(
                "DB0508",
                "error",
                "",
                "\"unhooked\": \"deny\" does not hold: " + why,
                "give Docker a cgroup parent of its own, such as --cgroup-parent /docker")));
    unacquainted.ifPresent(why ->
        problems.add(
            plain(
                "DB0514", "warning", "", why, "fewer containers with layer-7 rules on this host")));
    return problems;
  }

  static ProblemReport report(String container, Problem problem) {
    return new ProblemReport(
        problem.code(),
        problem.severity().name().toLowerCase(Locale.ROOT),
        container,
        problem.origin().display(),
        problem.column(),
        problem.message(),
        problem.expected(),
        problem.suggestion());
  }

  private static ProblemReport plain(
      String code, String severity, String container, String message, String expected) {
    return new ProblemReport(code, severity, container, "", 0, message, expected, Optional.empty());
  }
}
