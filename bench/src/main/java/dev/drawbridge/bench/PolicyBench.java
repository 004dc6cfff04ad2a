package dev.drawbridge.bench;

import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.testkit.LabException;
import java.io.PrintStream;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * What a policy costs: to compile it, to change one thing in it, to ask it. No container, no
 * kernel, no root.
 */
final class PolicyBench {
  private static final int[] RULES = {100, 1000, 10_000};
  private static final double NANOS_PER_MILLI = TimeUnit.MILLISECONDS.toNanos(1);

  /** Bytes and nanoseconds that JMH has no business with. */
  private record Extra(double megabytes, double firstMatchMillis) {}

  private PolicyBench() {}

  static void run(PrintStream out) throws LabException {
    out.println(
        PolicyWorld.CONTAINERS
            + " containers; times are medians of three seconds after two of warm-up, by JMH in a JVM"
            + " of its own");
    Map<String, Map<Integer, Double>> nanos = new HashMap<>();
    try {
      for (RunResult result :
          new Runner(
                  new OptionsBuilder()
                      .include("^" + PolicyBenchmark.class.getName() + "\\.")
                      .verbosity(VerboseMode.SILENT)
                      .shouldFailOnError(true)
                      .build())
              .run()) {
        String name = result.getParams().getBenchmark();
        nanos
            .computeIfAbsent(name.substring(name.lastIndexOf('.') + 1), n -> new TreeMap<>())
            .put(
                Integer.valueOf(result.getParams().getParam("rules")),
                result.getPrimaryResult().getStatistics().getPercentile(50));
      }
    } catch (RunnerException e) {
      throw new LabException("JMH did not finish: " + e.getMessage(), e);
    }
    Map<Integer, Extra> extras = new TreeMap<>();
    for (int rules : RULES) {
      extras.put(rules, extra(rules));
    }
    table(nanos, extras).forEach(out::println);
    int most = RULES[RULES.length - 1];
    double match = Math.max(at(nanos, "match", most), at(nanos, "matchOnePair", most));
    double incremental =
        Math.max(at(nanos, "oneContainerChanged", most), at(nanos, "oneRuleChanged", most));
    out.println(
        String.format(
            Locale.ROOT,
            "{\"full_compile_ms\":%.1f,\"incremental_ms\":%.2f,\"match_ns\":%.0f,\"match_growth_100_to_10000\":%.2f}",
            at(nanos, "fullCompile", most) / NANOS_PER_MILLI,
            incremental / NANOS_PER_MILLI,
            match,
            at(nanos, "matchOnePair", most) / at(nanos, "matchOnePair", RULES[0])));
  }

  private static double at(Map<String, Map<Integer, Double>> nanos, String benchmark, int rules) {
    Double found = nanos.getOrDefault(benchmark, Map.of()).get(rules);
    if (found == null) {
      throw new IllegalStateException(benchmark + " with " + rules + " rules was not measured");
    }
    return found;
  }

  private static List<String> table(
      Map<String, Map<Integer, Double>> nanos, Map<Integer, Extra> extras) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "   rules  full compile  container changed  rule changed    match  match, one pair  first"
            + " match, one pair   memory");
    extras.forEach((rules, extra) ->
        lines.add(
            String.format(
                Locale.ROOT,
                "%8d %10.2f ms %15.3f ms %10.3f ms %5.0f ns %13.0f ns %20.1f ms %6.1f MB",
                rules,
                at(nanos, "fullCompile", rules) / NANOS_PER_MILLI,
                at(nanos, "oneContainerChanged", rules) / NANOS_PER_MILLI,
                at(nanos, "oneRuleChanged", rules) / NANOS_PER_MILLI,
                at(nanos, "match", rules),
                at(nanos, "matchOnePair", rules),
                extra.firstMatchMillis(),
                extra.megabytes())));
    lines.add("match, one pair: every rule is between the same two containers, the worst case");
    lines.add("first match: makes that pair's automaton, once for each change of its rules");
    lines.add("memory: of a generation with its tables and with the automaton of every container");
    return lines;
  }

  private static Extra extra(int rules) {
    long before = usedBytes();
    Policy policy = Policy.compile(PolicyWorld.spread(rules));
    policy.pairs();
    PolicyBenchmark.Judged requests = new PolicyBenchmark.Judged();
    double megabytes;
    try {
      for (int i = 0; i < PolicyWorld.CONTAINERS; i++) {
        for (int r = 0; r < PolicyWorld.rulesOf(i, rules); r++) {
          policy.judge(
              Peers.FIRST_ENDPOINT + PolicyWorld.caller(i, r),
              Peers.FIRST_ENDPOINT + i,
              80,
              requests.spreadRequest);
        }
      }
      megabytes = (usedBytes() - before) / 1e6;
    } finally {
      Reference.reachabilityFence(policy);
    }
    PolicyInput pair = PolicyWorld.onePair(rules);
    Policy onePair = Policy.compile(pair);
    onePair.pairs();
    long start = System.nanoTime();
    onePair.judge(Peers.FIRST_ENDPOINT, Peers.FIRST_ENDPOINT + 1, 80, requests.pairRequest);
    return new Extra(megabytes, (System.nanoTime() - start) / NANOS_PER_MILLI);
  }

  private static long usedBytes() {
    System.gc();
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
