package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.AccessLog;
import dev.drawbridge.l7.AccessRecord;
import dev.drawbridge.l7.EndpointNames;
import dev.drawbridge.l7.EngineLimits;
import dev.drawbridge.l7.EngineStats;
import dev.drawbridge.l7.LearnedNames;
import dev.drawbridge.l7.OnwardSockets;
import dev.drawbridge.l7.Origins;
import dev.drawbridge.l7.Stage;
import dev.drawbridge.l7.http1.HeadLimits;
import dev.drawbridge.l7.http2.Http2Limits;
import dev.drawbridge.l7.http2.Http2Shared;
import dev.drawbridge.l7.share.Ledger;
import dev.drawbridge.l7.share.SteadyEpoll;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Policy;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What all connections share: loops, policy, limits, counters, and the ways out. */
public final class Relay implements AutoCloseable {
  /** Half a mebibyte: the unit in which direct memory is taken, and seldom given back. */
  private static final int CHUNK_ORDER = 6;

  private static final int PAGE_BYTES = 8192;

  static {
    // Netty would look through the network interfaces for a number that nobody reads here: slow at
    // the start, and done in whatever namespace the first socket is made in.
    if (System.getProperty("io.netty.machineId") == null) {
      System.setProperty("io.netty.machineId", "00:00:00:00:00:00:00:01");
    }
  }

  public final EngineLimits limits;
  public final HeadLimits headLimits;
  public final Http2Shared http2;
  public final EndpointNames names;
  public final Origins origins;
  public final OnwardSockets onward;
  public final LearnedNames learned;
  public final ByteBufAllocator allocator;
  public final LongAdder unclaimed = new LongAdder();
  public final LongAdder requests = new LongAdder();
  public final LongAdder denied = new LongAdder();
  public final LongAdder malformed = new LongAdder();
  public final LongAdder upstreamFailures = new LongAdder();
  public final LongAdder limited = new LongAdder();
  final LongAdder lateDenied = new LongAdder();
  public final Ledger ledger;
  private final LongAdder accepted = new LongAdder();
  private final LongAdder requestBytes = new LongAdder();
  private final LongAdder responseBytes = new LongAdder();
  private final AccessLog log;
  private final IoEventLoopGroup group;
  private final List<Loop> loops = new ArrayList<>();
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicLong sequence = new AtomicLong();
  private final String run;
  private volatile Policy policy = Policy.empty();
  private volatile Stage stage = Stage.SERVING;
  private volatile boolean judges;

  /** One that learns nothing. */
  public Relay(
      EngineLimits limits,
      EndpointNames names,
      Origins origins,
      OnwardSockets onward,
      AccessLog log) {
    this(limits, names, origins, onward, log, LearnedNames.NONE);
  }

  public Relay(
      EngineLimits limits,
      EndpointNames names,
      Origins origins,
      OnwardSockets onward,
      AccessLog log,
      LearnedNames learned) {
    this.limits = limits;
    this.headLimits =
        new HeadLimits(
            limits.requestLineBytes(),
            limits.headBytes(),
            limits.headFields(),
            limits.trailerBytes(),
            limits.chunkLineBytes());
    this.http2 = new Http2Shared(Http2Limits.defaults(limits.headBytes(), limits.headFields()));
    this.ledger = new Ledger(limits, limits.eventLoops());
    this.names = names;
    this.origins = origins;
    this.onward = onward;
    this.learned = learned;
    this.log = log;
    this.allocator =
        new PooledByteBufAllocator(
            true, 0, limits.eventLoops(), PAGE_BYTES, CHUNK_ORDER, 128, 32, false);
    byte[] id = new byte[4];
    new SecureRandom().nextBytes(id);
    this.run = HexFormat.of().formatHex(id);
    SteadyEpoll.Factory epoll = new SteadyEpoll.Factory();
    this.group =
        new MultiThreadIoEventLoopGroup(
            limits.eventLoops(), new DefaultThreadFactory("drawbridge-l7", true), epoll);
    for (int i = 0; i < limits.eventLoops(); i++) {
      EventLoop loop = (EventLoop) group.next();
      loops.add(new Loop(this, loop, i, epoll.of(loop)));
    }
  }

  /** The loop for the next connection or listener. */
  public Loop nextLoop() {
    return loops.get(Math.floorMod(next.getAndIncrement(), loops.size()));
  }

  /** Where all buffers come from. */
  public ByteBufAllocator allocator() {
    return allocator;
  }

  public EngineLimits limits() {
    return limits;
  }

  /** Judges by this from now on, and what is open again. */
  public void publish(Policy newPolicy) {
    policy = newPolicy;
    judges = true;
    for (Loop loop : loops) {
      loop.eventLoop().execute(() -> loop.judgeAgain(newPolicy));
    }
  }

  /** Runs something once on the thread of every loop. */
  public void onEachLoop(Runnable what) {
    for (Loop loop : loops) {
      loop.eventLoop().execute(what);
    }
  }

  /** Aborts every connection whose onward sockets come from there. */
  public void abortAll(OnwardSource source) {
    for (Loop loop : loops) {
      loop.eventLoop().execute(() -> loop.abortAll(source));
    }
  }

  /** Whether there has been a policy yet: until then nothing is accepted. */
  public boolean judges() {
    return judges;
  }

  /** How far the engine is from its end. */
  public Stage stage() {
    return stage;
  }

  /** Goes on towards the end, never back. */
  public void drain(Stage now) {
    stage = now;
    for (Loop loop : loops) {
      loop.eventLoop().execute(() -> loop.drain(now));
    }
  }

  /** Ends whatever is still under way. */
  public void abortAll(Ending how) {
    for (Loop loop : loops) {
      loop.eventLoop().execute(() -> loop.abortAll(how));
    }
  }

  /** Ends what has that container on either side. */
  public void abortAll(int endpoint, Ending how) {
    for (Loop loop : loops) {
      loop.eventLoop().execute(() -> loop.abortAll(endpoint, how));
    }
  }

  /** The whole snapshot; a caller reads it once for each judgement. */
  public Policy policy() {
    return policy;
  }

  public String nextRequestId() {
    return run + "-" + Long.toHexString(sequence.incrementAndGet());
  }

  /** Takes a connection into account; how many there are now. */
  public int admit() {
    accepted.increment();
    return connections.incrementAndGet();
  }

  /** Asks the other loops to let go of what that share holds. */
  void reclaimElsewhere(Loop here) {
    for (Loop loop : loops) {
      if (loop != here) {
        loop.reclaimSoon();
      }
    }
  }

  public void release() {
    connections.decrementAndGet();
  }

  public void record(AccessRecord access) {
    requestBytes.add(access.requestBytes());
    responseBytes.add(access.responseBytes());
    log.record(access);
  }

  public EngineStats stats() {
    return new EngineStats(
        connections.get(),
        accepted.sum(),
        unclaimed.sum(),
        requests.sum(),
        denied.sum(),
        malformed.sum(),
        upstreamFailures.sum(),
        limited.sum(),
        ledger.held(),
        lateDenied.sum(),
        requestBytes.sum(),
        responseBytes.sum());
  }

  /** Closes all connections, then the threads. */
  @Override
  public void close() {
    for (Loop loop : loops) {
      loop.eventLoop().execute(loop::close);
    }
    group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
  }
}
