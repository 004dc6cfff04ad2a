package dev.drawbridge.bench;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.http.HttpRequest;
import dev.drawbridge.policy.kernel.PairEntry;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What {@link PolicyBench} lets JMH measure. Not final: JMH extends what it measures.
 *
 * <p>The forked JVM gets options of its own, because the front door's are for short programs.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 1,
    // The last one: JMH itself uses Unsafe, and the JVM would remark on it in the table.
    jvmArgs = {"-Xmx2g", "-XX:+UseSerialGC", "--sun-misc-unsafe-memory-access=allow"})
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class PolicyBenchmark {

  /** Compiled once, and the requests that are judged by it. */
  @State(Scope.Thread)
  public static class Judged {
    @Param({"100", "1000", "10000"})
    public int rules;

    Policy spread = Policy.empty();
    Policy onePair = Policy.empty();
    HttpRequest spreadRequest = HttpRequest.of("GET", "/");
    HttpRequest pairRequest = HttpRequest.of("GET", "/");
    int caller;

    @Setup
    public void compile() {
      spread = Policy.compile(PolicyWorld.spread(rules));
      spreadRequest = HttpRequest.of("GET", "/svc0/17/items/blue/1");
      caller = Peers.FIRST_ENDPOINT + PolicyWorld.caller(0, 0);
      onePair = Policy.compile(PolicyWorld.onePair(rules));
      pairRequest = HttpRequest.of("GET", "/service" + (rules - 7) + "/17/items/blue/1");
      if (onePair.judge(Peers.FIRST_ENDPOINT, Peers.FIRST_ENDPOINT + 1, 80, pairRequest).decision()
              != Decision.ALLOW
          || spread.judge(caller, Peers.FIRST_ENDPOINT, 80, spreadRequest).decision()
              != Decision.ALLOW) {
        throw new IllegalStateException("the measured requests must be allowed by a rule");
      }
    }
  }

  /** The next request between two of a thousand containers. */
  @Benchmark
  public Verdict match(Judged state) {
    return state.spread.judge(state.caller, Peers.FIRST_ENDPOINT, 80, state.spreadRequest);
  }

  /** The same where every rule is about these two containers. */
  @Benchmark
  public Verdict matchOnePair(Judged state) {
    return state.onePair.judge(
        Peers.FIRST_ENDPOINT, Peers.FIRST_ENDPOINT + 1, 80, state.pairRequest);
  }

  /** Parsed, not compiled. */
  @State(Scope.Thread)
  public static class Declared {
    @Param({"100", "1000", "10000"})
    public int rules;

    PolicyInput input = PolicyWorld.spread(0);

    @Setup
    public void parse() {
      input = PolicyWorld.spread(rules);
    }
  }

  /** From parsed labels to the kernel's tables. */
  @Benchmark
  @BenchmarkMode(Mode.SampleTime)
  public List<PairEntry> fullCompile(Declared state) {
    return Policy.compile(state.input).pairs();
  }

  /** In force, with the two contents that a change goes back and forth between. */
  @State(Scope.Thread)
  public static class Changing {
    @Param({"100", "1000", "10000"})
    public int rules;

    Policy labels = Policy.empty();
    Policy host = Policy.empty();
    PolicyInput[] hostFiles = {};
    long generation = 1;

    @Setup
    public void compile() {
      labels = Policy.compile(PolicyWorld.spread(rules));
      labels.pairs();
      hostFiles =
          new PolicyInput[] {PolicyWorld.hostFile(rules, "a"), PolicyWorld.hostFile(rules, "b")};
      host = Policy.compile(hostFiles[0]);
      host.pairs();
    }
  }

  /** A container is replaced by one with other labels: they are read, and the tables are made. */
  @Benchmark
  @BenchmarkMode(Mode.SampleTime)
  public List<PairEntry> oneContainerChanged(Changing state) {
    long generation = ++state.generation;
    int rules = Math.max(1, PolicyWorld.rulesOf(PolicyWorld.CHANGED, state.rules));
    state.labels =
        state.labels.next(
            PolicyWorld.with(
                state.labels.input(),
                generation,
                PolicyWorld.member(PolicyWorld.CHANGED, rules, "v" + generation % 2)));
    return state.labels.pairs();
  }

  /** A line of the host's policy file is replaced; the file has been read. */
  @Benchmark
  @BenchmarkMode(Mode.SampleTime)
  public List<PairEntry> oneRuleChanged(Changing state) {
    long generation = ++state.generation;
    state.host =
        state.host.next(PolicyWorld.next(state.hostFiles[(int) (generation % 2)], generation));
    return state.host.pairs();
  }
}
