package dev.drawbridge.daemon.succession;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Outcome;
import dev.drawbridge.api.report.PeerReference;
import dev.drawbridge.l7.EngineLimits;
import dev.drawbridge.l7.L7Engine;
import dev.drawbridge.l7.NetnsHandle;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.ContainerPolicy;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.parse.LabelParser;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What two agents say to each other, over a socket as it is. The place that is given up has an
 * engine, and none of what the kernel has.
 */
final class SuccessionTest {
  private static final int API = 300;
  private static final int DB = 301;
  private static final Duration SOON = Duration.ofSeconds(10);

  @TempDir Path directory;
  private final Fake place = new Fake();
  private final BlockingQueue<Integer> exits = new LinkedBlockingQueue<>();
  private final BlockingQueue<FlowReport> records = new LinkedBlockingQueue<>();

  private static final class Fake implements Place {
    final BlockingQueue<String> done = new LinkedBlockingQueue<>();
    final L7Engine engine =
        new L7Engine(
            EngineLimits.defaults(),
            _ -> "",
            (_, _, _) -> Optional.empty(),
            (_, _, _, _) -> {},
            _ -> {});
    volatile Consumer<FlowReport> told = _ -> {};
    volatile Duration drain = Duration.ofMinutes(1);
    volatile boolean fails;

    @Override
    public void recordTo(Consumer<FlowReport> to) {
      told = to;
    }

    @Override
    public void letGo() {
      if (fails) {
        throw new IllegalStateException("does not let go");
      }
      done.add("let go");
    }

    @Override
    public Policy policy() {
      return before();
    }

    @Override
    public L7Engine engine() {
      return engine;
    }

    @Override
    public Duration drain() {
      return drain;
    }

    @Override
    public void succeededBy(long pid) {
      done.add("succeeded by " + pid);
    }
  }

  @BeforeEach
  void judge() {
    place.engine.publish(before());
  }

  @AfterEach
  void close() {
    place.engine.close();
  }

  private Heirs heirs(Heirs.Launcher launcher, boolean admits) throws IOException {
    Heirs heirs = new Heirs(directory, place, launcher, _ -> admits, exits::add);
    heirs.start();
    return heirs;
  }

  private Heirs heirs() throws IOException {
    return heirs(() -> {}, true);
  }

  private static void end(AutoCloseable one) throws Exception {
    one.close();
  }

  private String nextRecord() throws InterruptedException {
    FlowReport next = records.poll(5, TimeUnit.SECONDS);
    return next == null ? "" : next.requestId();
  }

  private static Member member(int endpoint, String app, String... rules) {
    Map<String, String> labels = new TreeMap<>(Map.of("app", app));
    for (int i = 0; i < rules.length; i++) {
      labels.put("drawbridge.policy.r" + i, rules[i]);
    }
    Parsed<ContainerPolicy> parsed = LabelParser.parse(labels);
    assertTrue(parsed.ok(), () -> parsed.problems().toString());
    return new Member(endpoint, Workload.of(app, labels), parsed.value());
  }

  private static Policy before() {
    return Policy.compile(
        new PolicyInput(
            7,
            List.of(member(API, "api"), member(DB, "db", "app=api may connect 80")),
            HostPolicy.NONE,
            false));
  }

  private static HostRules rules(String text) {
    return new HostRules(false, new TreeMap<>(Map.of("a.policy", text)));
  }

  private static Decision decision(Policy policy) {
    return policy.l4(API, DB, 6, 80).decision();
  }

  private static FlowReport record(String id) {
    PeerReference nobody = new PeerReference(0, "", new TreeMap<>());
    return new FlowReport(
        1,
        Instant.EPOCH,
        id,
        Outcome.ALLOW,
        "rule-allows",
        1,
        "",
        "drained",
        nobody,
        nobody,
        "",
        "",
        "http1",
        Optional.empty(),
        Optional.empty(),
        7,
        false,
        "");
  }

  @Test
  void onePlaceIsGivenFromOneToTheOtherAndItsRecordsFollow() throws Exception {
    try (Heirs heirs = heirs();
        Predecessor former = Predecessor.find(directory, records::add).orElseThrow();
        Predecessor second = Predecessor.find(directory, records::add).orElseThrow()) {
      former.takeOver(SOON);
      assertEquals("let go", place.done.poll());
      place.told.accept(record("first"));
      IOException refused = assertThrows(IOException.class, () -> second.takeOver(SOON));
      assertTrue(refused.toString().contains("takes over already"), refused::toString);
      former.inForce(before(), rules("# nothing"));
      former.ready();
      assertEquals(
          "succeeded by " + ProcessHandle.current().pid(), place.done.poll(5, TimeUnit.SECONDS));
      place.told.accept(record("second"));
      assertEquals(0, exits.poll(10, TimeUnit.SECONDS), "nothing was under way");
      assertEquals("first", nextRecord());
      assertEquals("second", nextRecord());
      assertTrue(Files.exists(directory.resolve("succession.sock")));
      end(heirs);
      assertEquals(Optional.empty(), Predecessor.find(directory, records::add));
    }
  }

  @Test
  void whoBreaksOffBeforeItIsReadyEndsBoth() throws Exception {
    try (Heirs _ = heirs();
        Predecessor former = Predecessor.find(directory, records::add).orElseThrow()) {
      former.takeOver(SOON);
      end(former);
      assertEquals(1, exits.poll(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void whoDoesNotLetGoEnds() throws Exception {
    place.fails = true;
    try (Heirs _ = heirs();
        Predecessor former = Predecessor.find(directory, records::add).orElseThrow()) {
      assertThrows(IOException.class, () -> former.takeOver(SOON));
      assertEquals(1, exits.poll(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void whoIsUnderWayIsCutOffWhenTheOtherIsGoneOrTheTimeIsOver() throws Exception {
    // Unclaimed connections end by themselves: one that is not accepted yet does not.
    try (Heirs _ = heirs();
        var listener = place.engine.listen(NetnsHandle.current());
        Predecessor former = Predecessor.find(directory, records::add).orElseThrow()) {
      former.takeOver(SOON);
      former.ready();
      try (Socket late = new Socket(InetAddress.getLoopbackAddress(), listener.port4())) {
        late.setSoTimeout(5_000);
        assertThrows(IOException.class, () -> late.getInputStream().readAllBytes());
      }
      long began = System.nanoTime();
      end(former);
      assertEquals(0, exits.poll(10, TimeUnit.SECONDS));
      assertTrue(System.nanoTime() - began < SOON.toNanos());
    }
  }

  @Test
  void aPolicyIsInForceWhenTheFormerJudgesByIt() throws Exception {
    try (Heirs _ = heirs();
        Predecessor former = Predecessor.find(directory, records::add).orElseThrow()) {
      former.takeOver(SOON);
      former.ready();
      long began = System.nanoTime();
      former.inForce(before(), rules("app=api may not connect 80 on app=db"));
      former.inForce(before(), rules("app=api may not connect 81 on app=db"));
      assertTrue(
          System.nanoTime() - began < TimeUnit.SECONDS.toNanos(1), "it was answered, not given up");
      assertEquals(0, exits.poll(10, TimeUnit.SECONDS));
      // Nobody is there any more: that does not hold up what follows.
      former.inForce(before(), rules("app=api may not connect 82 on app=db"));
    }
  }

  @Test
  void hostRulesAreReadAgainByTheirOwnTextAndWhatCannotBeReadIsNoPolicy() {
    assertEquals(Decision.ALLOW, decision(before()));
    HostRules denies = rules("app=api may not connect 80 on app=db");
    HostRules sent = HostRules.of(denies.json()).orElseThrow();
    assertEquals(denies, sent);
    assertEquals(Decision.DENY, decision(sent.after(before()).orElseThrow()));
    assertEquals(
        Decision.ALLOW,
        decision(rules("").after(sent.after(before()).orElseThrow()).orElseThrow()));
    assertEquals(Optional.empty(), rules("app=api may juggle on app=db").after(before()));
    for (String wrong : List.of("", "{", "null", "{}", "[]", "{\"files\":{\"a\":[]}}")) {
      assertEquals(Optional.empty(), HostRules.of(wrong), wrong);
    }
    assertEquals(Decision.DENY, decision(Policy.empty()), "what is judged by then");
  }

  @Test
  void onlyRootOutsideOfContainersIsAnswered() throws Exception {
    try (Heirs _ = heirs(() -> {}, false);
        Predecessor former = Predecessor.find(directory, records::add).orElseThrow()) {
      assertThrows(IOException.class, () -> former.takeOver(Duration.ofSeconds(2)));
      assertTrue(place.done.isEmpty());
    }
  }

  @Test
  void whoAsksForASuccessorIsToldWhatBecameOfIt() throws Exception {
    assertTrue(Predecessor.succeed(directory, SOON).orElseThrow().contains("no agent runs"));
    try (Heirs _ =
        heirs(
            () -> {
              throw new IOException("there is no program");
            },
            true)) {
      assertEquals(Optional.of("there is no program"), Predecessor.succeed(directory, SOON));
    }
    Heirs.Launcher successor =
        () ->
            Thread.ofPlatform()
                .daemon()
                .start(() -> {
                  try {
                    Predecessor former = Predecessor.find(directory, records::add).orElseThrow();
                    former.takeOver(SOON);
                    former.ready();
                  } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                  }
                });
    try (Heirs _ = heirs(successor, true)) {
      assertEquals(Optional.empty(), Predecessor.succeed(directory, SOON));
      assertEquals(0, exits.poll(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void aWordOfAnotherVersionChangesNothing() throws Exception {
    try (Heirs _ = heirs();
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      boolean _ = channel.connect(UnixDomainSocketAddress.of(directory.resolve("succession.sock")));
      try (Lines lines = new Lines(channel)) {
        lines.say("take-over now");
        assertEquals("refused it is of another version; restart the agent", lines.hear(SOON));
        assertEquals(Lines.END, lines.hear(SOON));
        assertEquals(Lines.END, lines.hear(SOON), "and for ever");
      }
      assertTrue(place.done.isEmpty());
      assertNull(exits.poll(100, TimeUnit.MILLISECONDS));
    }
  }
}
