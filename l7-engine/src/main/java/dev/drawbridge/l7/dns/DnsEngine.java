package dev.drawbridge.l7.dns;

import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.l7.datagram.DatagramEngine;
import dev.drawbridge.l7.datagram.DatagramSpace;
import dev.drawbridge.l7.datagram.Datagrams;
import dev.drawbridge.l7.relay.Conversation;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.dns.DnsAsk;
import io.netty.channel.EventLoop;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Questions for names: those that the kernel has sent here, because of where they were to go. */
public final class DnsEngine implements DatagramEngine {
  private final AtomicInteger waiting = new AtomicInteger();
  private final Map<Integer, Integer> waitingOf = new ConcurrentHashMap<>();
  private final Map<EventLoop, Messages> lately = new ConcurrentHashMap<>();

  /** What was read lately on one loop. */
  record Messages(Lately<Query> questions, Lately<Answer> answers) {}

  @Override
  public Datagrams open(DatagramSpace space) {
    return new DnsDatagrams(space, this);
  }

  /**
   * Begins with a stream of them, before any rule about its port is asked: the container engine's
   * resolver is reached without one. Null for what is no such stream.
   */
  public static @Nullable Conversation open(Opened opened) {
    ConnectionOrigin origin = opened.origin();
    if (origin.arrival()) {
      return null;
    }
    Policy policy = opened.policy();
    // The kernel redirects nothing else to that resolver.
    boolean asks =
        origin.toEnginesResolver()
            || (origin.destination().getPort() == DnsAsk.PORT
                && policy.readsNames(origin.caller())
                && opened.judge(policy).decision() != Decision.DENY);
    return asks ? new DnsConversation(opened) : null;
  }

  Messages lately(EventLoop loop) {
    return lately.computeIfAbsent(loop, _ -> new Messages(new Lately<>(), new Lately<>()));
  }

  /** Whether there is room for another question of that container; if so it is taken. */
  boolean enter(int caller) {
    if (waiting.incrementAndGet() > DnsLimits.WAITING) {
      waiting.decrementAndGet();
      return false;
    }
    if (waitingOf.merge(caller, 1, Integer::sum) > DnsLimits.WAITING_OF_ONE) {
      leave(caller);
      return false;
    }
    return true;
  }

  void leave(int caller) {
    waiting.decrementAndGet();
    waitingOf.computeIfPresent(caller, (_, many) -> many == 1 ? null : many - 1);
  }
}
