package dev.drawbridge.l7.datagram;

import dev.drawbridge.l7.AccessRecord;
import dev.drawbridge.l7.Asked;
import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.l7.LearnedNames;
import dev.drawbridge.l7.relay.Loop;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.l7.share.Pace;
import dev.drawbridge.l7.share.Share;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDatagramChannel;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.function.BiConsumer;

/** What an engine of datagrams has of one namespace: its loop, its policy, its ways out. */
public final class DatagramSpace {
  private final Loop loop;
  private final Relay relay;
  private final DatagramSource source;

  public DatagramSpace(Loop loop, DatagramSource source) {
    this.loop = loop;
    this.relay = loop.relay;
    this.source = source;
  }

  public EventLoop eventLoop() {
    return loop.eventLoop();
  }

  /** The policy in force; whoever judges reads it once. */
  public Policy policy() {
    return relay.policy();
  }

  public ByteBufAllocator allocator() {
    return relay.allocator;
  }

  public LearnedNames learned() {
    return relay.learned;
  }

  /** Something was read and judged. */
  public void asked(boolean allowed) {
    relay.requests.increment();
    if (!allowed) {
      relay.denied.increment();
    }
  }

  /** Something could not be read. */
  public void malformed() {
    relay.malformed.increment();
  }

  /** There was no room for something. */
  public void limited() {
    relay.limited.increment();
  }

  /** What was allowed failed behind the engine. */
  public void calleeFailed() {
    relay.upstreamFailures.increment();
  }

  /**
   * A connected socket to where something was sent, for whoever sent it; either is called once, on
   * the loop. Whoever gets it closes it. What comes by it costs time of whoever sent that: while
   * the sender owes some it is not read.
   *
   * @param connected is given what measures that time too
   */
  public void dial(
      ConnectionOrigin origin,
      ChannelHandler handler,
      BiConsumer<EpollDatagramChannel, Pace> connected,
      Runnable failed) {
    source.make(
        origin.destination().getAddress() instanceof Inet6Address,
        made -> eventLoop().execute(() -> connect(made, origin, handler, connected, failed)),
        _ -> eventLoop().execute(failed));
  }

  private void connect(
      EpollDatagramChannel made,
      ConnectionOrigin origin,
      ChannelHandler handler,
      BiConsumer<EpollDatagramChannel, Pace> connected,
      Runnable failed) {
    Share share = relay.ledger.enter(origin.caller(), origin.destination().getAddress());
    ChannelFuture _ = made.closeFuture().addListener(_ -> relay.ledger.leave(share));
    Pace pace = new Pace(loop.turns, share.time(loop.index, loop.turns), made);
    made.pipeline().addLast("pace", pace);
    made.config().setAllocator(relay.allocator);
    made.pipeline().addLast(handler);
    ChannelFuture _ = eventLoop().register(made);
    try {
      // Nothing on loopback is judged, and what the container engine's own rules translate there
      // must be free to go elsewhere than its socket.
      if (!origin.toEnginesResolver()) {
        relay.onward.speakFor(
            made.fd().intValue(), origin.caller(), origin.callee(), origin.destination().getPort());
      }
    } catch (IOException _) {
      made.unsafe().closeForcibly();
      failed.run();
      return;
    }
    ChannelFuture _ =
        made.connect(origin.destination())
            .addListener(done -> {
              if (done.isSuccess()) {
                connected.accept(made, pace);
              } else {
                made.unsafe().closeForcibly();
                failed.run();
              }
            });
  }

  /** Writes the record of one datagram and its answer. */
  public void record(
      ConnectionOrigin origin,
      InetSocketAddress client,
      Asked asked,
      Instant at,
      long durationNanos,
      long requestBytes,
      long responseBytes,
      Verdict verdict,
      Ending ending) {
    relay.record(
        new AccessRecord(
            relay.nextRequestId(),
            at,
            durationNanos,
            origin.caller(),
            origin.callee(),
            client,
            origin.destination(),
            asked,
            requestBytes,
            responseBytes,
            verdict,
            ending));
  }
}
