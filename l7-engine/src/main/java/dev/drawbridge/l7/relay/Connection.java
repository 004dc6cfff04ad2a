package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.Stage;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;

/**
 * What a {@link Loop} keeps of a client connection, whatever it carries. All methods are called on
 * the loop. Whoever is entered leaves once, by {@link Opened#left} when its channel is inactive.
 */
public interface Connection {
  /** A new policy is in force: what it does not allow any more ends. */
  void judgeAgain(Policy policy);

  /** Looks at the deadlines; called at a small part of the shortest one. */
  void tick(long nowNanos);

  /** Whether it came through that listener's namespace. */
  boolean cameThrough(OnwardSource source);

  /** What it makes the engine hold now, in bytes; its fixed cost included. */
  long holds();

  /** Who it belongs to, and what it held when it was last measured. */
  Opened opened();

  /** How little is lost if it is closed. */
  Standing standing();

  /** When it was last read from, by the loop's coarse clock. */
  long quietSince();

  /** Ends because others need the room that it takes: the record says so. */
  void giveUp();

  /** What a connection has shown of itself, from the least deserving to the most. */
  enum Standing {
    /** It is over, and takes no room any more. */
    GONE,
    /** Nothing on it has been allowed yet, or what was asked last was refused. */
    UNJUDGED,
    /** What was asked was allowed and is answered. */
    IDLE,
    /** Something allowed is under way. */
    BUSY
  }

  /** Ends both legs at once with a reset, so that nothing looks complete. */
  void abort();

  /** The same, for a reason that the records of what is under way give. */
  void abort(Ending how);

  /**
   * Another engine takes new connections: goes on with what is under way, and takes little or
   * nothing more. Told again and again while that lasts.
   */
  void drain(Stage stage);

  /** Index in the loop's list; kept for the loop. */
  int place();

  void place(int index);
}
