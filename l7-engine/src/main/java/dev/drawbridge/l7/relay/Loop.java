package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.l7.Stage;
import dev.drawbridge.l7.http1.AnswerHead;
import dev.drawbridge.l7.http1.HeadWriter;
import dev.drawbridge.l7.http1.RequestHead;
import dev.drawbridge.l7.share.Partings;
import dev.drawbridge.l7.share.Share;
import dev.drawbridge.l7.share.SteadyEpoll;
import dev.drawbridge.l7.share.Turns;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One event loop with the connections on it, and what they lend each other. All methods but {@link
 * #eventLoop} run on the loop.
 */
public final class Loop {
  private static final int KEPT_HEADS = 64;
  private static final long MAX_TICK_MILLIS = 500;
  private static final long MIN_TICK_MILLIS = 10;

  /** Bytes that are worth a look at all connections. */
  private static final long LEAST_RECLAIMED = 64 * 1024;

  private static final int MANY_UNJUDGED = 64;

  public final Relay relay;
  public final int index;
  public final Turns turns;
  public final HeadWriter writer = new HeadWriter();

  /** The time as of the last tick: exact enough to tell who was quiet longest. */
  public long nowNanos = System.nanoTime();

  private final EventLoop eventLoop;
  private final List<Connection> connections = new ArrayList<>();
  final Partings partings = new Partings();
  private final ArrayDeque<RequestHead> requestHeads = new ArrayDeque<>();
  private final ArrayDeque<AnswerHead> answerHeads = new ArrayDeque<>();
  private final AtomicBoolean reclaiming = new AtomicBoolean();
  private final Future<?> ticking;

  Loop(Relay relay, EventLoop eventLoop, int index, SteadyEpoll.Began began) {
    this.relay = relay;
    this.eventLoop = eventLoop;
    this.index = index;
    this.turns = new Turns(eventLoop, began);
    Duration shortest =
        Collections.min(
            List.of(
                relay.limits.detectTimeout(),
                relay.limits.headTimeout(),
                relay.limits.bodyTimeout(),
                relay.limits.idleTimeout(),
                relay.limits.refusedIdleTimeout(),
                relay.limits.answerTimeout(),
                relay.limits.lingerTimeout()));
    long tick = Math.clamp(shortest.toMillis() / 4, MIN_TICK_MILLIS, MAX_TICK_MILLIS);
    this.ticking = eventLoop.scheduleAtFixedRate(this::tick, tick, tick, TimeUnit.MILLISECONDS);
  }

  public EventLoop eventLoop() {
    return eventLoop;
  }

  /** Registers a connection: from now on every new policy reaches it. */
  public void enter(Connection connection) {
    connection.place(connections.size());
    connections.add(connection);
  }

  /** Puts a connection where another was, which is not to leave any more. */
  void replace(Connection before, Connection now) {
    now.place(before.place());
    connections.set(before.place(), now);
  }

  void leave(Connection connection) {
    Connection last = connections.removeLast();
    if (!last.equals(connection)) {
      connections.set(connection.place(), last);
      last.place(connection.place());
    }
  }

  public RequestHead borrowRequestHead() {
    RequestHead head = requestHeads.poll();
    return head == null ? new RequestHead(relay.headLimits) : head;
  }

  public void giveBack(RequestHead head) {
    if (requestHeads.size() < KEPT_HEADS) {
      head.clear();
      requestHeads.push(head);
    }
  }

  public AnswerHead borrowAnswerHead() {
    AnswerHead head = answerHeads.poll();
    return head == null ? new AnswerHead(relay.headLimits) : head;
  }

  public void giveBack(AnswerHead head) {
    if (answerHeads.size() < KEPT_HEADS) {
      head.clear();
      answerHeads.push(head);
    }
  }

  void judgeAgain(Policy policy) {
    for (Connection connection : List.copyOf(connections)) {
      connection.judgeAgain(policy);
    }
  }

  /** Has every connection go towards its end. */
  void drain(Stage stage) {
    for (Connection connection : List.copyOf(connections)) {
      connection.drain(stage);
    }
  }

  /** Ends what is still under way. */
  void abortAll(Ending how) {
    for (Connection connection : List.copyOf(connections)) {
      connection.abort(how);
    }
  }

  /** Aborts what has that container on either side. */
  void abortAll(int endpoint, Ending how) {
    for (Connection connection : List.copyOf(connections)) {
      ConnectionOrigin origin = connection.opened().origin();
      if (origin.caller() == endpoint || origin.callee() == endpoint) {
        connection.abort(how);
      }
    }
  }

  /** Aborts what came through one listener. */
  void abortAll(OnwardSource source) {
    partings.abortAll(source);
    for (Connection connection : List.copyOf(connections)) {
      if (connection.cameThrough(source)) {
        connection.abort();
      }
    }
  }

  void close() {
    ticking.cancel(false);
    turns.close();
    partings.close();
    for (Connection connection : List.copyOf(connections)) {
      connection.abort();
    }
  }

  private void tick() {
    long now = System.nanoTime();
    nowNanos = now;
    partings.tick(now);
    if (index == 0) {
      relay.ledger.sweep(now);
    }
    Stage stage = relay.stage();
    if (stage != Stage.SERVING) {
      drain(stage);
    }
    for (int i = connections.size() - 1; i >= 0; i--) {
      // One that times out may take others with it out of the list.
      if (i < connections.size()) {
        Connection connection = connections.get(i);
        connection.tick(now);
        connection.opened().measure(connection);
      }
    }
  }

  // Room.

  /** All hold too much: who holds most loses what is largest, until there is some room again. */
  void reclaim() {
    for (Connection connection : connections) {
      // What has gone out since the last look is held no more.
      connection.opened().remeasure(connection);
    }
    while (relay.ledger.full()) {
      Share most = relay.ledger.holdsMost();
      if (most == null) {
        return;
      }
      if (giveUp(most, Math.max(LEAST_RECLAIMED, most.held() / 8)) == 0) {
        relay.reclaimElsewhere(this);
        return;
      }
    }
  }

  /** The same when the loop comes to it; asked for once. */
  void reclaimSoon() {
    if (reclaiming.compareAndSet(false, true)) {
      eventLoop.execute(() -> {
        reclaiming.set(false);
        reclaim();
      });
    }
  }

  private long giveUp(Share share, long wanted) {
    List<Connection> held = new ArrayList<>();
    for (Connection connection : connections) {
      if (connection.opened().share().belongsTo(share)
          && connection.standing() != Connection.Standing.GONE) {
        held.add(connection);
      }
    }
    held.sort(Comparator.comparingLong((Connection c) -> -c.opened().holding().bytes()));
    long freed = 0;
    for (Connection connection : held) {
      if (freed >= wanted) {
        break;
      }
      freed += Math.max(1, connection.opened().holding().bytes());
      giveUp(connection);
    }
    return freed;
  }

  private void giveUp(Connection connection) {
    relay.limited.increment();
    connection.giveUp();
    connection.opened().holding().is(0);
  }

  /**
   * Closes connections of a share that has too many, those first that are least missed.
   *
   * @param newcomer the connection for which there is no room, which stays
   * @return whether there is room now
   */
  public boolean makeRoom(Share crowded, Connection newcomer) {
    Share own = newcomer.opened().share();
    boolean mayBeBusy =
        !own.belongsTo(crowded) && crowded.connections.get() > 2 * own.connections.get();
    Connection least = null;
    int unjudged = 0;
    for (Connection connection : connections) {
      if (connection.equals(newcomer) || !connection.opened().share().belongsTo(crowded)) {
        continue;
      }
      switch (connection.standing()) {
        case GONE -> {
          continue;
        }
        case UNJUDGED -> unjudged++;
        case IDLE -> {}
        case BUSY -> {
          if (!mayBeBusy) {
            continue;
          }
        }
      }
      if (least == null || less(connection, least)) {
        least = connection;
      }
    }
    if (least == null) {
      return false;
    }
    giveUp(least);
    if (unjudged > MANY_UNJUDGED) {
      giveUpUnjudged(crowded, newcomer, unjudged / MANY_UNJUDGED);
    }
    return true;
  }

  private static boolean less(Connection one, Connection other) {
    int standing = one.standing().compareTo(other.standing());
    return standing != 0 ? standing < 0 : one.quietSince() - other.quietSince() < 0;
  }

  /** So that not every newcomer costs a look at all of them. */
  private void giveUpUnjudged(Share crowded, Connection newcomer, int some) {
    int left = some;
    for (Connection connection : List.copyOf(connections)) {
      if (left == 0) {
        return;
      }
      if (!connection.equals(newcomer)
          && connection.standing() == Connection.Standing.UNJUDGED
          && connection.quietSince() < nowNanos
          && connection.opened().share().belongsTo(crowded)) {
        left--;
        giveUp(connection);
      }
    }
  }
}
