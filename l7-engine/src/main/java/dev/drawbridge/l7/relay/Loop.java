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
  private final List<ClientLeg> legs = new ArrayList<>();
  private final ArrayDeque<RequestHead> requestHeads = new ArrayDeque<>();
  private final ArrayDeque<AnswerHead> answerHeads = new ArrayDeque<>();
  private final Future<?> ticking;

  Loop(Relay relay, EventLoop eventLoop) {
    this.relay = relay;
    this.eventLoop = eventLoop;
    Duration shortest =
        Collections.min(
            List.of(
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
  void enter(ClientLeg leg) {
    leg.place = legs.size();
    legs.add(leg);
  }

  void leave(ClientLeg leg) {
    ClientLeg last = legs.removeLast();
    if (last != leg) {
      legs.set(leg.place, last);
      last.place = leg.place;
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
    for (ClientLeg leg : List.copyOf(legs)) {
      leg.judgeAgain(policy);
    }
  }

  /** Aborts what came through one listener. */
  void abortAll(OnwardSource source) {
    for (ClientLeg leg : List.copyOf(legs)) {
      if (leg.cameThrough(source)) {
        leg.abort();
      }
    }
  }

  void close() {
    ticking.cancel(false);
    for (ClientLeg leg : List.copyOf(legs)) {
      leg.abort();
    }
  }

  private void tick() {
    long now = System.nanoTime();
    for (int i = legs.size() - 1; i >= 0; i--) {
      // A leg that times out may take others with it out of the list.
      if (i < legs.size()) {
        legs.get(i).tick(now);
      }
    }
  }
}
