package dev.drawbridge.cli.doctor;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.client.LocalClient;
import dev.drawbridge.api.report.EndpointReport;
import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.api.report.StatusReport;
import dev.drawbridge.cli.doctor.Findings.Grade;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An agent that runs, and what it says. */
final class AgentChecks {
  /** Lines that refused most are shown. */
  private static final int DROPS_SHOWN = 10;

  /** Stages of drawbridge_admission_seconds: the hook's question, and a part of it. */
  private static final String HOOK = "create_runtime";

  private static final String ATTACH = "attach";

  /** A sixth of what a start may take by default. */
  private static final double SLOW_MILLIS = 1000;

  private final Findings findings;

  AgentChecks(Findings findings) {
    this.findings = findings;
  }

  void agent(LocalClient client) {
    StatusReport status;
    List<EndpointReport> endpoints;
    List<ProblemReport> problems;
    try {
      status = client.status();
      endpoints = client.endpoints();
      problems = client.problems();
    } catch (ApiException e) {
      findings.add(Check.AGENT, Grade.BAD, "agent", String.valueOf(e.getMessage()));
      return;
    }
    findings.add(
        Check.AGENT,
        status.ready() ? Grade.OK : Grade.WARN,
        status.ready() ? "the agent is ready" : "the agent is not ready yet",
        status.ready() ? "" : "drawbridge status --wait");
    for (StatusReport.Component part : status.components()) {
      Grade grade =
          switch (part.health()) {
            case OK -> Grade.OK;
            case DEGRADED -> Grade.WARN;
            case FAILED -> Grade.BAD;
          };
      findings.add(Check.PART, grade, "agent: " + part.name(), part.detail());
    }
    status
        .unattached()
        .forEach(name ->
            findings.add(
                Check.NOT_ENFORCED,
                Grade.BAD,
                name + " is not enforced",
                "recreate it with the drawbridge runtime"));
    endpoints.stream()
        .filter(e -> e.attachment() == EndpointReport.Attachment.LISTENER)
        .forEach(e ->
            findings.add(
                Check.LATE,
                Grade.WARN,
                e.name() + " was attached only after its start",
                "recreate it with the drawbridge runtime"));
    drops(status.drops());
    try {
      startTimes(client.text("/metrics"));
    } catch (ApiException e) {
      findings.add(
          Check.START_TIMES,
          Grade.WARN,
          "the agent's metrics cannot be read",
          String.valueOf(e.getMessage()));
    }
    for (ProblemReport problem : problems) {
      Grade grade = problem.severity().equals("error") ? Grade.BAD : Grade.WARN;
      findings.add(
          Check.PROBLEM,
          grade,
          problem.code()
              + " "
              + problem.container()
              + " "
              + problem.where()
              + ": "
              + problem.message(),
          problem.suggestion().orElse(problem.expected()));
    }
  }

  /** Refusing is what the programs are for: no fault, but where to look when a packet is gone. */
  private void drops(List<StatusReport.Drops> drops) {
    drops.stream()
        .limit(DROPS_SHOWN)
        .forEach(one ->
            findings.add(
                Check.REFUSALS,
                Grade.OK,
                "the kernel refused "
                    + one.count()
                    + " as "
                    + one.reason()
                    + " at "
                    + one.line()
                    + " ("
                    + one.hook()
                    + ")",
                ""));
    if (drops.size() > DROPS_SHOWN) {
      findings.add(
          Check.REFUSALS,
          Grade.OK,
          "the kernel refused at " + (drops.size() - DROPS_SHOWN) + " more lines, and less",
          "");
    }
  }

  /** Means since the agent has started, of what it measures itself. */
  void startTimes(String metrics) {
    Map<String, Double> sums = series(metrics, "sum");
    Map<String, Double> counts = series(metrics, "count");
    double starts = counts.getOrDefault(HOOK, 0.0);
    if (starts < 1) {
      return;
    }
    double millis = 1000 * sums.getOrDefault(HOOK, 0.0) / starts;
    double attaching =
        1000 * sums.getOrDefault(ATTACH, 0.0) / Math.max(1, counts.getOrDefault(ATTACH, 0.0));
    boolean slow = millis > SLOW_MILLIS;
    findings.add(
        Check.START_TIMES,
        slow ? Grade.WARN : Grade.OK,
        String.format(
            Locale.ROOT,
            "%.0f starting containers waited %.1f ms for the agent at the mean, %.1f ms of it for"
                + " their programs",
            starts,
            millis,
            attaching),
        slow
            ? "metric drawbridge_admission_seconds says in which stage; is the host short of CPU?"
            : "");
  }

  /** A histogram's sums or counts, by stage. */
  private static Map<String, Double> series(String metrics, String which) {
    Map<String, Double> found = new HashMap<>();
    Matcher lines =
        Pattern.compile(
                "^drawbridge_admission_seconds_"
                    + which
                    + "\\{stage=\"([a-z_]{1,40})\"\\} ([0-9.E+-]{1,30})$",
                Pattern.MULTILINE)
            .matcher(metrics);
    while (lines.find()) {
      found.put(lines.group(1), Double.parseDouble(lines.group(2)));
    }
    return found;
  }
}
