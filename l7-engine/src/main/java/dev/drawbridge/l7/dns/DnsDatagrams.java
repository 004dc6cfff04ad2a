package dev.drawbridge.l7.dns;

import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.l7.LearnedNames;
import dev.drawbridge.l7.datagram.Datagram;
import dev.drawbridge.l7.datagram.DatagramSpace;
import dev.drawbridge.l7.datagram.Datagrams;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Rcode;

/** The questions of one namespace that come as datagrams. */
final class DnsDatagrams implements Datagrams {
  private static final long TICK_MILLIS = 500;

  /** Whom somebody asks. */
  private record Asking(int caller, InetSocketAddress resolver) {}

  private final DatagramSpace space;
  private final DnsEngine engine;
  private final DnsEngine.Messages lately;
  private final Map<Asking, Resolver> resolvers = new HashMap<>();

  /** Channels that have something to send. */
  private final Set<Channel> written = new HashSet<>();

  private @Nullable Future<?> ticking;
  private boolean closed;

  DnsDatagrams(DatagramSpace space, DnsEngine engine) {
    this.space = space;
    this.engine = engine;
    this.lately = engine.lately(space.eventLoop());
  }

  @Override
  public void arrived(Datagram datagram) {
    byte[] bytes = ByteBufUtil.getBytes(datagram.bytes());
    Pending asked = new Pending(datagram.listener(), datagram.client(), datagram.origin(), bytes);
    Query query;
    try {
      query = read(bytes);
    } catch (Unreadable e) {
      unreadable(asked, bytes, e);
      return;
    }
    asked.query = query;
    asked.about = query.about();
    asked.verdict = NameJudge.judge(space.policy(), asked.origin, query, List.of(), Ports.UDP);
    space.asked(asked.verdict.decision() != Decision.DENY);
    if (asked.verdict.decision() == Decision.DENY) {
      refuse(asked);
      return;
    }
    if (closed || !engine.enter(asked.origin.caller())) {
      space.limited();
      answer(asked, Rcode.SERVFAIL, Ending.LIMIT);
      return;
    }
    resolver(asked.origin).ask(asked);
  }

  private Query read(byte[] bytes) throws Unreadable {
    Query before = lately.questions().read(bytes);
    if (before != null) {
      return before.again(bytes);
    }
    Query read = Query.read(bytes);
    lately.questions().was(bytes, read, read.name().labels().size());
    return read;
  }

  /** The answer to a question that waits for it; the message's number is right. */
  Answer read(byte[] bytes, Query asked) throws Unreadable {
    Answer before = lately.answers().read(bytes);
    if (before != null && before.answers(asked)) {
      return before;
    }
    Answer read = Answer.read(bytes, asked, asked.room());
    if (asked.isKept()) {
      lately.answers().was(bytes, read, read.labels());
    }
    return read;
  }

  /** It is not sent on; whoever sent it is told, if he can be. */
  private void unreadable(Pending asked, byte[] bytes, Unreadable why) {
    space.malformed();
    Policy policy = space.policy();
    asked.verdict = new Verdict(Decision.DENY, Reason.DNS_MALFORMED, policy.generation(), 0, false);
    if (why.rcode() >= 0) {
      send(asked, Query.answer(bytes, why.rcode()));
      asked.about = AskedDns.UNREAD.answered(why.rcode());
    }
    record(asked, Ending.COMPLETED);
  }

  private Resolver resolver(ConnectionOrigin origin) {
    Asking key = new Asking(origin.caller(), origin.destination());
    Resolver there = resolvers.get(key);
    if (there == null || there.isWorn()) {
      if (there != null) {
        there.retire();
      }
      there = new Resolver(space, this, origin);
      resolvers.put(key, there);
    }
    if (ticking == null) {
      ticking =
          space
              .eventLoop()
              .scheduleAtFixedRate(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }
    return there;
  }

  private void tick() {
    long now = System.nanoTime();
    resolvers.values().removeIf(resolver -> resolver.tick(now));
    Future<?> running = ticking;
    if (resolvers.isEmpty() && running != null) {
      running.cancel(false);
      ticking = null;
    }
  }

  // What becomes of a question that was sent on.

  /** The resolver has answered; the client sees that once the kernel knows it. */
  void answered(Pending asked, Answer answer) {
    Query query = asked.query();
    Verdict now = NameJudge.judge(space.policy(), asked.origin, query, answer.leadsTo(), Ports.UDP);
    if (now.decision() == Decision.DENY) {
      engine.leave(asked.origin.caller());
      asked.verdict = now;
      refuse(asked);
      return;
    }
    if (now.audited()) {
      // A name on the way may be what is forbidden.
      asked.verdict = now;
    }
    if (answer.addresses().isEmpty()) {
      engine.leave(asked.origin.caller());
      pass(asked, answer);
      return;
    }
    // Under way until the kernel knows it.
    space
        .learned()
        .learned(
            asked.origin.caller(),
            asked.origin.destination(),
            answer.names(),
            answer.addresses(),
            outcome -> {
              if (space.eventLoop().inEventLoop()) {
                learned(asked, answer, outcome);
              } else {
                space.eventLoop().execute(() -> learned(asked, answer, outcome));
              }
            });
  }

  private void learned(Pending asked, Answer answer, LearnedNames.Outcome outcome) {
    engine.leave(asked.origin.caller());
    switch (outcome) {
      case KNOWN -> pass(asked, answer);
      case REBINDS -> {
        asked.verdict = NameJudge.rebinding(asked.verdict, false);
        refuse(asked);
      }
      case REBINDS_IN_AUDIT -> {
        asked.verdict = NameJudge.rebinding(asked.verdict, true);
        pass(asked, answer);
      }
      case FAILED -> answer(asked, Rcode.SERVFAIL, Ending.LIMIT);
    }
  }

  private void pass(Pending asked, Answer answer) {
    asked.about = answer.about();
    send(asked, answer.wire(asked.query().id()));
    record(asked, Ending.COMPLETED);
  }

  /** There is no answer. */
  void failed(Pending asked, Ending how) {
    engine.leave(asked.origin.caller());
    space.calleeFailed();
    if (how == Ending.UPSTREAM_TIMEOUT) {
      // Whoever asked has not been told anything either, had it asked by itself.
      record(asked, how);
    } else {
      answer(asked, Rcode.SERVFAIL, how);
    }
  }

  private void refuse(Pending asked) {
    answer(asked, NameJudge.refusal(space.learned()), Ending.COMPLETED);
  }

  private void answer(Pending asked, int rcode, Ending how) {
    asked.about = asked.about.answered(rcode);
    send(asked, asked.query().answer(rcode));
    record(asked, how);
  }

  private void send(Pending asked, byte[] bytes) {
    asked.answerBytes = bytes.length;
    if (asked.listener.isActive()) {
      Datagram.answer(asked.listener, asked.client, Unpooled.wrappedBuffer(bytes));
      wrote(asked.listener);
    }
  }

  /** It goes out with what else is written until the event in hand is over. */
  void wrote(Channel channel) {
    if (written.isEmpty()) {
      space.eventLoop().execute(this::flush);
    }
    written.add(channel);
  }

  @Override
  public void flush() {
    if (!written.isEmpty()) {
      List<Channel> all = List.copyOf(written);
      written.clear();
      all.forEach(Channel::flush);
    }
  }

  private void record(Pending asked, Ending how) {
    space.record(
        asked.origin,
        asked.client,
        asked.about,
        asked.at,
        System.nanoTime() - asked.beganNanos,
        asked.questionBytes,
        asked.answerBytes,
        asked.verdict,
        how);
  }

  @Override
  public void close() {
    closed = true;
    resolvers.values().forEach(Resolver::close);
    resolvers.clear();
    Future<?> running = ticking;
    if (running != null) {
      running.cancel(false);
    }
  }
}
