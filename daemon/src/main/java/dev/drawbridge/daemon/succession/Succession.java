package dev.drawbridge.daemon.succession;

import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.l7.L7Engine;
import dev.drawbridge.policy.Policy;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;

/**
 * The end of this agent, once another has said that it could start: gives up what only one may
 * have, goes on accepting and judging until the other does, then carries what is under way to its
 * end, and nothing more. If the other breaks off it ends at once, as by a signal.
 */
final class Succession {
  private static final System.Logger log = System.getLogger(Succession.class.getName());

  /**
   * How long what is idle may ask once more: long enough for what was on its way when it was told.
   */
  private static final Duration LAST_QUESTION = Duration.ofSeconds(1);

  /** How long the other may take from being given its place to being ready. */
  private static final Duration STARTING = Duration.ofSeconds(60);

  /** Between two looks at what is left. */
  private static final Duration LOOK = Duration.ofMillis(50);

  /** For the last records to be written, once everything has been ended. */
  private static final Duration LAST_RECORDS = Duration.ofSeconds(2);

  /** Records that the other has not taken yet. */
  private static final int WAITING_RECORDS = 4_096;

  private final Lines successor;
  private final Place place;
  private final Runnable taken;
  private final BlockingQueue<FlowReport> records = new ArrayBlockingQueue<>(WAITING_RECORDS);
  private final LongAdder lostRecords = new LongAdder();
  private Policy policy;
  private boolean gone;

  /**
   * @param place what this agent has
   * @param taken is run once the other is there
   */
  Succession(Lines successor, Place place, Runnable taken) {
    this.successor = successor;
    this.place = place;
    this.taken = taken;
    this.policy = Policy.empty();
  }

  /** All of it. Returns whether the other has taken over. */
  boolean run() throws IOException, InterruptedException {
    log.log(Level.INFO, "another agent takes over");
    place.recordTo(this::record);
    place.letGo();
    policy = place.policy();
    log.log(Level.INFO, "it may");
    successor.say(Words.YOURS);
    L7Engine engine = place.engine();
    Optional<Long> pid = ready(engine);
    if (pid.isEmpty()) {
      log.log(Level.ERROR, "the agent that was to take over is not ready; this one ends");
      return false;
    }
    place.succeededBy(pid.get());
    taken.run();
    long ends = System.nanoTime() + place.drain().toNanos();
    successor.say(Words.KNOWN);
    engine.announceEnd();
    // Also of what has been sent here and is not accepted yet.
    until(Math.min(ends, System.nanoTime() + LAST_QUESTION.toNanos()), engine, () -> true);
    engine.finish();
    until(ends, engine, () -> engine.stats().connections() > 0);
    long left = engine.stats().connections();
    if (left > 0) {
      log.log(
          Level.INFO,
          left
              + (left == 1 ? " connection is" : " connections are")
              + " still carried after drainSeconds: ended");
      engine.cutOff();
      gone = false;
      until(
          System.nanoTime() + LAST_RECORDS.toNanos(),
          engine,
          () -> engine.stats().connections() > 0);
    }
    sendRecords();
    if (lostRecords.sum() > 0) {
      log.log(Level.WARNING, lostRecords.sum() + " records found no room on their way");
    }
    log.log(Level.INFO, "what was under way has ended");
    return true;
  }

  /** Judges by what the other says, until that is ready: its process, or none if it is not. */
  private Optional<Long> ready(L7Engine engine) throws InterruptedException {
    long ends = System.nanoTime() + STARTING.toNanos();
    while (!gone) {
      String line = successor.hear(Duration.ofNanos(Math.max(0, ends - System.nanoTime())));
      if (line == null) {
        return Optional.empty();
      }
      if (Words.word(line).equals(Words.READY)) {
        return pid(Words.rest(line));
      }
      hear(line, engine);
    }
    return Optional.empty();
  }

  private static Optional<Long> pid(String text) {
    try {
      long pid = Long.parseLong(text);
      return pid > 0 ? Optional.of(pid) : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Hears what the other says until then, while something is to be waited for and it is there. */
  private void until(long nanos, L7Engine engine, BooleanSupplier waits)
      throws InterruptedException {
    while (!gone && waits.getAsBoolean()) {
      long left = nanos - System.nanoTime();
      if (left <= 0) {
        return;
      }
      sendRecords();
      String line = successor.hear(Duration.ofNanos(Math.min(left, LOOK.toNanos())));
      if (line != null) {
        hear(line, engine);
      }
    }
  }

  private void hear(String line, L7Engine engine) {
    switch (Words.word(line)) {
      case Words.POLICY -> judgeBy(Words.rest(line), engine);
      case Words.GONE -> {
        try {
          engine.cutOff(Integer.parseInt(Words.rest(line)));
        } catch (NumberFormatException e) {
          breakOff(engine);
        }
      }
      default -> breakOff(engine);
    }
  }

  private void judgeBy(String said, L7Engine engine) {
    Optional<Policy> next = HostRules.of(Words.rest(said)).flatMap(rules -> rules.after(policy));
    if (next.isPresent()) {
      policy = next.get();
    } else {
      log.log(Level.WARNING, "the policy in force cannot be read by this version: all is denied");
      policy = Policy.empty();
    }
    engine.publish(policy);
    successor.tell(Words.JUDGED + " " + Words.word(said));
  }

  /** Whoever knows the policy is gone. */
  private void breakOff(L7Engine engine) {
    log.log(Level.WARNING, "the agent that takes over is gone: what is under way ends");
    engine.cutOff();
    gone = true;
  }

  private void record(FlowReport report) {
    if (!records.offer(report)) {
      lostRecords.increment();
    }
  }

  private void sendRecords() {
    for (FlowReport next = records.poll(); next != null; next = records.poll()) {
      successor.tell(Words.RECORD + " " + Json.write(next));
    }
  }
}
