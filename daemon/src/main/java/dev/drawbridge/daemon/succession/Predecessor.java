package dev.drawbridge.daemon.succession;

import com.google.gson.JsonParseException;
import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Policy;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The agent that this one takes over from, until it has carried to its end what it had begun. It is
 * told of each policy before that is in force, and by a conversation that breaks off that it is to
 * end at once.
 */
public final class Predecessor implements AutoCloseable {
  private static final System.Logger log = System.getLogger(Predecessor.class.getName());

  /** How long it may take to judge by another policy; beyond, it ends. */
  private static final Duration JUDGING = Duration.ofSeconds(2);

  /** Answers that nobody has taken yet: one is waited for at a time. */
  private static final int ANSWERS = 4;

  private final Lines lines;
  private final Consumer<FlowReport> records;
  private final BlockingQueue<String> answers = new ArrayBlockingQueue<>(ANSWERS);
  private Map<Integer, Member> members = Map.of();
  private @Nullable HostRules told;
  private int number;
  private volatile boolean over;

  private Predecessor(Lines lines, Consumer<FlowReport> records) {
    this.lines = lines;
    this.records = records;
  }

  /**
   * The agent with that run directory, if one is there.
   *
   * @param records where its last records go
   */
  public static Optional<Predecessor> find(Path runDir, Consumer<FlowReport> records)
      throws IOException {
    return connect(runDir).map(lines -> new Predecessor(lines, records));
  }

  private static Optional<Lines> connect(Path runDir) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      boolean _ = channel.connect(UnixDomainSocketAddress.of(Words.socket(runDir)));
      return Optional.of(new Lines(channel));
    } catch (IOException e) {
      log.log(Level.DEBUG, "no agent listens in " + runDir, e);
      channel.close();
      return Optional.empty();
    }
  }

  /**
   * Has the agent with that run directory start its successor, and waits for it.
   *
   * @return what went wrong, for the operator
   */
  public static Optional<String> succeed(Path runDir, Duration patience)
      throws IOException, InterruptedException {
    Optional<Lines> found = connect(runDir);
    if (found.isEmpty()) {
      return Optional.of("no agent runs that could be taken over from, with runDir " + runDir);
    }
    try (Lines lines = found.get()) {
      lines.say(Words.SUCCEED);
      String answer = lines.hear(patience);
      if (answer == null || answer.equals(Lines.END)) {
        return Optional.of("nobody has taken over; the log says why");
      }
      return switch (Words.word(answer)) {
        case Words.DONE -> Optional.empty();
        case Words.REFUSED -> Optional.of(Words.rest(answer));
        default -> Optional.of("the agent that runs is of another version; restart it");
      };
    }
  }

  /** Has all that only one agent may have given up; what it carries goes on. */
  public void takeOver(Duration patience) throws IOException, InterruptedException {
    lines.say(Words.TAKE_OVER);
    String answer = lines.hear(patience);
    if (answer == null || !answer.equals(Words.YOURS)) {
      throw new IOException(
          answer != null && Words.word(answer).equals(Words.REFUSED)
              ? "the agent that runs goes on: " + Words.rest(answer)
              : "the agent that runs did not give up its place");
    }
    Thread.ofPlatform().daemon().name("predecessor").start(this::listen);
  }

  /** New connections and hooks are this agent's. */
  public synchronized void ready() throws IOException, InterruptedException {
    lines.say(Words.READY + " " + ProcessHandle.current().pid());
    if (!isAnswered(Words.KNOWN)) {
      // Then it ends, and so does all that it carries.
      close();
    }
  }

  /**
   * A policy is about to be in force. Returns when the other judges by it, or has been told to end.
   */
  public synchronized void inForce(Policy policy, HostRules now) {
    if (over) {
      return;
    }
    Map<Integer, Member> before = members;
    Map<Integer, Member> after = new HashMap<>();
    policy.input().members().forEach(member -> after.put(member.endpoint(), member));
    members = after;
    before.forEach((endpoint, member) -> {
      if (!member.equals(after.get(endpoint))) {
        lines.tell(Words.GONE + " " + endpoint);
      }
    });
    tell(now);
  }

  private void tell(HostRules now) {
    if (now.equals(told)) {
      return;
    }
    told = now;
    number++;
    try {
      lines.say(Words.POLICY + " " + number + " " + now.json());
      if (isAnswered(Words.JUDGED + " " + number)) {
        return;
      }
      log.log(Level.WARNING, "the agent before does not judge by the new policy: it ends");
    } catch (IOException e) {
      log.log(Level.DEBUG, "the agent before has ended", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    close();
  }

  /** Whether that is said in time; an answer that was not waited for any more is another one's. */
  private boolean isAnswered(String expected) throws InterruptedException {
    long ends = System.nanoTime() + JUDGING.toNanos();
    String answer = answers.poll(JUDGING.toNanos(), TimeUnit.NANOSECONDS);
    while (answer != null && !answer.equals(expected)) {
      answer = answers.poll(ends - System.nanoTime(), TimeUnit.NANOSECONDS);
    }
    return answer != null;
  }

  private void listen() {
    try {
      while (!over) {
        String line = lines.hear(Duration.ofMinutes(1));
        if (line == null) {
          continue;
        }
        switch (Words.word(line)) {
          case Words.JUDGED, Words.KNOWN -> {
            // Whoever waits finds it; more of them than can be waited for are none.
            boolean _ = answers.offer(line);
          }
          case Words.RECORD -> record(Words.rest(line));
          default -> close();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    log.log(Level.INFO, "the agent before has ended");
  }

  private void record(String json) {
    try {
      records.accept(Json.read(json, FlowReport.class));
    } catch (JsonParseException e) {
      log.log(Level.WARNING, "a record of the agent before cannot be read", e);
    }
  }

  @Override
  public void close() {
    over = true;
    lines.close();
  }
}
