package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.http1.AnswerHead;
import dev.drawbridge.l7.http1.HeadWriter;
import dev.drawbridge.l7.http1.RequestHead;
import dev.drawbridge.policy.Policy;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One event loop with the connections on it, and what they lend each other. All methods but {@link
 * #eventLoop} run on the loop.
 */
public final class Loop {
  private static final int KEPT_HEADS = 64;
  private static final long MAX_TICK_MILLIS = 500;
  private static final long MIN_TICK_MILLIS = 10;

  final Relay relay;
  final HeadWriter writer = new HeadWriter();
  private final EventLoop eventLoop;
  private final List<Connection> connections = new ArrayList<>();
  private final ArrayDeque<RequestHead> requestHeads = new ArrayDeque<>();
  private final ArrayDeque<AnswerHead> answerHeads = new ArrayDeque<>();
  private final Future<?> ticking;

  Loop(Relay relay, EventLoop eventLoop) {
    this.relay = relay;
    this.eventLoop = eventLoop;
    Duration shortest =
        Collections.min(
            List.of(
                relay.limits.detectTimeout(),
                relay.limits.headTimeout(),
                relay.limits.bodyTimeout(),
                relay.limits.idleTimeout(),
                relay.limits.answerTimeout(),
                relay.limits.lingerTimeout()));
    long tick = Math.clamp(shortest.toMillis() / 4, MIN_TICK_MILLIS, MAX_TICK_MILLIS);
    this.ticking = eventLoop.scheduleAtFixedRate(this::tick, tick, tick, TimeUnit.MILLISECONDS);
  }

  public EventLoop eventLoop() {
    return eventLoop;
  }

  /** Registers a connection: from now on every new policy reaches it. */
  void enter(Connection connection) {
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

  RequestHead borrowRequestHead() {
    RequestHead head = requestHeads.poll();
    return head == null ? new RequestHead(relay.headLimits) : head;
  }

  void giveBack(RequestHead head) {
    if (requestHeads.size() < KEPT_HEADS) {
      head.clear();
      requestHeads.push(head);
    }
  }

  AnswerHead borrowAnswerHead() {
    AnswerHead head = answerHeads.poll();
    return head == null ? new AnswerHead(relay.headLimits) : head;
  }

  void giveBack(AnswerHead head) {
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

  /** Aborts what came through one listener. */
  void abortAll(OnwardSource source) {
    for (Connection connection : List.copyOf(connections)) {
      if (connection.cameThrough(source)) {
        connection.abort();
      }
    }
  }

  void close() {
    ticking.cancel(false);
    for (Connection connection : List.copyOf(connections)) {
      connection.abort();
    }
  }

  private void tick() {
    long now = System.nanoTime();
    for (int i = connections.size() - 1; i >= 0; i--) {
      // One that times out may take others with it out of the list.
      if (i < connections.size()) {
        connections.get(i).tick(now);
      }
    }
  }
}
