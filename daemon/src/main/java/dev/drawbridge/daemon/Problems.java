package dev.drawbridge.daemon;

import dev.drawbridge.api.ProblemReport;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Problem;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What an operator should know of, each with a stable code of docs/reasons.md. */
final class Problems {

  private Problems() {}

  /** Everything about one container. */
  static List<ProblemReport> of(Guard guard) {
    String name = guard.observed().name();
    List<ProblemReport> problems = new ArrayList<>();
    guard.declared().problems().forEach(problem -> problems.add(report(name, problem)));
    if (guard.attachment().map(a -> a.how() == Guard.How.LISTENER).orElse(false)) {
      problems.add(
          plain(
              "DB0301",
              "warning",
              name,
              "started without the hook, by runtime \""
                  + guard.observed().runtimeName()
                  + "\"; it was attached after its first process ran",
              "recreate it with the drawbridge runtime"));
    }
    guard
        .failure()
        .ifPresent(why ->
            problems.add(
                plain(
                    "DB0302",
                    "error",
                    name,
                    "runs without being guarded: " + why,
                    "stop it, or mend the cause and restart it")));
    if (guard.kernelRefused()) {
      problems.add(
          plain(
              "DB0304",
              "error",
              name,
              "the kernel took only a part of its rules; it is closed in both directions",
              "fewer rules, or larger maps"));
    }
    return problems;
  }

  /** Everything about the node. */
  static List<ProblemReport> of(
      Collection<Guard> guards,
      Policy policy,
      PolicyDirectory files,
      Optional<String> lastFailure,
      Optional<String> runtime,
      Config config) {
    List<ProblemReport> problems = new ArrayList<>();
    guards.forEach(guard -> problems.addAll(of(guard)));
    policy.problems().forEach(problem -> problems.add(report("", problem)));
    files.problems().forEach(problem -> problems.add(report("", problem)));
    files
        .unreadable()
        .forEach(sentence ->
            problems.add(
                plain("DB0303", "error", "", sentence, "the last good content stays in force")));
    lastFailure.ifPresent(failure ->
        problems.add(
            plain("DB0305", "error", "", failure, "see the agent's log for what came before")));
    if (runtime.isEmpty() && !config.dockerSocket().isEmpty()) {
      problems.add(
          plain(
              "DB0306",
              "warning",
              "",
              "the container engine at " + config.dockerSocket() + " does not answer",
              "containers that start through the hook are guarded all the same"));
    }
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
