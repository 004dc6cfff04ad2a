package dev.drawbridge.daemon.succession;

import dev.drawbridge.api.report.FlowReport;
import dev.drawbridge.l7.L7Engine;
import dev.drawbridge.policy.Policy;
import java.time.Duration;
import java.util.function.Consumer;

/** What an agent has that another can take over, and what it keeps until its end. */
public interface Place {
  /** Whatever is recorded from now on goes there too. Must not block. */
  void recordTo(Consumer<FlowReport> records);

  /**
   * Gives up what only one agent may have: hooks and API, events, what is written to the kernel,
   * the lock. Starts that are under way are answered before. The engine goes on.
   */
  void letGo() throws InterruptedException;

  /** The policy in force when it let go. */
  Policy policy();

  /** Goes on, whatever else has been let go of. */
  L7Engine engine();

  /** How long what is under way may take to its end. */
  Duration drain();

  /** Another process is the agent from now on. */
  void succeededBy(long pid);
}
