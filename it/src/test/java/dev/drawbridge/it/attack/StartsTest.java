package dev.drawbridge.it.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Containers whose first instruction of note is connect(2), a thousand in each state of the agent,
 * a part of them by Docker. System property {@code drawbridge.starts} sets how many.
 */
@Tag("it")
final class StartsTest {
  private static final int STARTS = Integer.getInteger("drawbridge.starts", 1_000);
  private static final int BY_DOCKER = 20;
  private static final int EPERM = 1;

  /** As many as keep two processors busy; more only wait for each other. */
  private static final int AT_ONCE = 4;

  /** While nobody answers, all that a start does is wait. */
  private static final int WAITING_AT_ONCE = 250;

  /** Its own rules let it go nowhere. */
  private static final Map<String, String> SHUT =
      Map.of("app", "shut", "drawbridge.policy.out", "may connect 9 on app=nobody-here");

  /** Its callee does not want it. Without a label of Drawbridge's a bundle would not be known. */
  private static final Map<String, String> EVIL =
      Map.of("app", "evil", "drawbridge.mode", "enforce");

  private static final Map<String, String> GOOD =
      Map.of("app", "good", "drawbridge.mode", "enforce");

  private static Ground ground;
  private static Bulk bulk;

  private final Target open = Target.of("open");
  private final Target target = Target.of("target");

  /** A callee and the ears in it; each test has ears of its own. */
  private record Target(Sink sink, String address) {
    static Target of(String name) {
      Sink sink = ground.sink(name);
      assertTrue(sink.sniffs(), "the sink must hear the link");
      return new Target(sink, ground.address4(name));
    }

    String[] knock() {
      return new String[] {"/bin/knock", address, Integer.toString(sink.base())};
    }

    /** Everything that arrived at the knocked port since: SYNs, connections, bytes. */
    List<String> arrived() {
      sink.settle();
      return sink.lines().stream()
          .filter(line -> line.contains(" " + sink.base() + " "))
          .filter(line -> !line.startsWith("READY"))
          .toList();
    }
  }

  @BeforeAll
  static void startEverything() {
    ground = Ground.open();
    String netRaw = "drawbridge.capabilities=net-raw";
    idle("target", "app=target", netRaw, "drawbridge.policy.in=app=good may connect any");
    idle("open", "app=open", netRaw);
    idle("pad", "app=pad");
    bulk = new Bulk(ground, "pad");
  }

  private static void idle(String name, String... labels) {
    ground.idle(name, Ground.labels(labels).toArray(String[]::new));
  }

  @AfterAll
  static void stopEverything() {
    if (ground != null) {
      ground.close();
    }
  }

  private static List<Output> byDocker(
      Map<String, String> labels, int count, int atOnce, String... command) {
    List<String> run = new ArrayList<>(List.of("run", "--rm", "--network", "ground"));
    labels.forEach((key, value) -> run.addAll(List.of("--label", key + "=" + value)));
    run.add(LabImage.NAME);
    run.addAll(List.of(command));
    List<Output> outputs = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(Math.min(atOnce, count))) {
      List<Future<Output>> starts = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        starts.add(pool.submit(() -> ground.docker().run(run.toArray(String[]::new))));
      }
      for (Future<Output> start : starts) {
        outputs.add(start.get());
      }
    } catch (ExecutionException e) {
      throw new AssertionError("a start failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
    return outputs;
  }

  /** Half by own rules, half by the callee's; a few of each by Docker. */
  private List<Output> denied(int atOnce) {
    List<Output> outputs = new ArrayList<>();
    int half = (STARTS - BY_DOCKER) / 2;
    outputs.addAll(bulk.start(half, atOnce, bulk.guarded(), SHUT, open.knock()));
    outputs.addAll(bulk.start(half, atOnce, bulk.guarded(), EVIL, target.knock()));
    outputs.addAll(byDocker(SHUT, BY_DOCKER / 2, atOnce, open.knock()));
    outputs.addAll(byDocker(EVIL, BY_DOCKER / 2, atOnce, target.knock()));
    return outputs;
  }

  private void tell(String state, List<Output> outputs, long began, String expected) {
    long odd = outputs.stream().filter(output -> !output.text().contains(expected)).count();
    System.out.printf(
        "starts, agent %s: %d; %d arrived; %d were told otherwise than" + " \"%s\"; %d s%n",
        state,
        outputs.size(),
        open.arrived().size() + target.arrived().size(),
        odd,
        expected,
        TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began));
  }

  private void nothingArrived() {
    assertEquals(List.of(), open.arrived());
    assertEquals(List.of(), target.arrived());
  }

  private static void allSaid(List<Output> outputs, String part) {
    for (Output output : outputs) {
      assertTrue(output.text().contains(part), output.status() + ": " + output.text());
    }
  }

  @Test
  void firstInstructionsOfThoseThatNobodyGuardsArrive() {
    // In a namespace that nobody guards either: from a guarded one nobody's packets leave.
    ground.idle("bare-pad");
    Bulk unguarded = new Bulk(ground, "bare-pad");
    List<Output> outputs = unguarded.start(20, AT_ONCE, Path.of("runc"), SHUT, open.knock());
    allSaid(outputs, "connected");
    assertEquals(20, open.arrived().stream().filter(line -> line.startsWith("ACCEPT")).count());
  }

  @Test
  void firstInstructionsThatARuleAllowsArrive() {
    int count = Math.min(100, STARTS);
    List<Output> outputs =
        new ArrayList<>(bulk.start(count, AT_ONCE, bulk.guarded(), GOOD, target.knock()));
    outputs.addAll(byDocker(GOOD, 10, AT_ONCE, target.knock()));
    allSaid(outputs, "connected");
    assertEquals(
        outputs.size(),
        target.arrived().stream().filter(line -> line.startsWith("ACCEPT")).count());
  }

  @Test
  void noFirstInstructionArrivesWhileTheAgentIsUp() {
    long began = System.nanoTime();
    List<Output> outputs = denied(AT_ONCE);
    tell("up", outputs, began, "Operation not permitted");
    nothingArrived();
    for (Output output : outputs) {
      assertEquals(EPERM, output.status(), output.text());
    }
    allSaid(outputs, "Operation not permitted");
  }

  @Test
  void noFirstInstructionArrivesWhileTheAgentIsStopped() {
    long began = System.nanoTime();
    List<Output> outputs;
    signal("STOP");
    try {
      outputs = denied(WAITING_AT_ONCE);
    } finally {
      signal("CONT");
    }
    tell("stopped", outputs, began, "container not started");
    nothingArrived();
    allSaid(outputs, "container not started");
  }

  @Test
  void noFirstInstructionArrivesWhileTheAgentIsDead() {
    long began = System.nanoTime();
    List<Output> outputs;
    ground.agent().kill();
    try {
      outputs = denied(AT_ONCE);
    } finally {
      ground.agent().start();
    }
    tell("killed", outputs, began, "container not started");
    nothingArrived();
    allSaid(outputs, "container not started");
  }

  /** The agent answers one half of a start and not the other: it stops and goes on all the time. */
  @Test
  void noFirstInstructionArrivesWhileTheAgentStutters() throws Exception {
    long began = System.nanoTime();
    Random random = new Random(4);
    List<Output> outputs;
    try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
      Future<List<Output>> starts =
          pool.submit(
              () -> bulk.start(Math.min(200, STARTS), AT_ONCE, bulk.guarded(), SHUT, open.knock()));
      while (!starts.isDone()) {
        signal("STOP");
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(60)));
        signal("CONT");
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(60)));
      }
      outputs = starts.get();
    }
    tell("stuttering", outputs, began, "not");
    nothingArrived();
  }

  private static void signal(String name) {
    Shell.signal(name, ground.agent().pid());
  }
}
