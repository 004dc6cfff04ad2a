package dev.drawbridge.l7;

import java.time.Duration;

/**
 * Every bound of the engine. A request beyond one of them is refused by name, never cut short.
 *
 * @param eventLoops threads that carry connections; half the processors by default, because caller
 *     and callee run on this host too
 * @param requestLineBytes longest request line without its CRLF; beyond: 414. RFC 9112 section 3
 *     asks for 8000 at least
 * @param headBytes longest field section of a head; beyond: 431, or 502 for an answer
 * @param headFields most field lines in a head; beyond: 431, or 502
 * @param trailerBytes longest trailer section; beyond: 431, or a broken answer
 * @param chunkLineBytes longest chunk size line with its extensions, which are dropped
 * @param interimBytes most bytes of 1xx answers to one request, heads and all; however many they
 *     are, each is one more sign of life
 * @param heldBytes most bytes kept of requests that wait for the answer before them; the engine
 *     stops reading beyond
 * @param drainBytes longest body of a denied request that is read to its end to keep the
 *     connection; beyond, the connection is closed after the answer
 * @param writeHighWater bytes waiting for a slow reader at which the other side is no longer read
 * @param heldMemory bytes of all that peers can make the engine hold at a time, fixed costs of
 *     connections included; beyond, whoever holds most loses connections until there is room again
 * @param connections most client connections of the engine
 * @param connectionsPerCaller most client connections of one container, of the host, or the world
 * @param connectionsPerSource most client connections of one address of the host or the world; of
 *     IPv6, of one /64; of the host's loopback addresses together
 * @param refusals requests refused in a row after which a connection is closed
 * @param detectTimeout from the connection to the client's first byte; beyond: closed, because what
 *     it speaks cannot be known
 * @param headTimeout from the first byte of a head to its last; beyond: 408
 * @param bodyTimeout between two pieces of a request body; beyond: 408
 * @param idleTimeout without a request on a connection; beyond: closed
 * @param refusedIdleTimeout the same on a connection on which nothing has been allowed yet, or
 *     whose last request was refused
 * @param connectTimeout for the connection to the callee; beyond: 504
 * @param answerTimeout from the end of the request, or the last 1xx answer to it, to the head of
 *     its answer; beyond: 504
 * @param lingerTimeout for the client to take a last answer and close
 */
public record EngineLimits(
    int eventLoops,
    int requestLineBytes,
    int headBytes,
    int headFields,
    int trailerBytes,
    int chunkLineBytes,
    int interimBytes,
    int heldBytes,
    int drainBytes,
    int writeHighWater,
    long heldMemory,
    int connections,
    int connectionsPerCaller,
    int connectionsPerSource,
    int refusals,
    Duration detectTimeout,
    Duration headTimeout,
    Duration bodyTimeout,
    Duration idleTimeout,
    Duration refusedIdleTimeout,
    Duration connectTimeout,
    Duration answerTimeout,
    Duration lingerTimeout) {

  /** Characters of a path in a record, and of a list of names. */
  public static final int RECORDED_PATH = 256;

  /** Characters of a method in a record. */
  public static final int RECORDED_METHOD = 32;

  /** What the agent runs with; the memory is a part of the heap that the process was given. */
  public static EngineLimits defaults() {
    return new EngineLimits(
        Math.max(1, Runtime.getRuntime().availableProcessors() / 2),
        16 * 1024,
        64 * 1024,
        1024,
        8 * 1024,
        256,
        1024 * 1024,
        64 * 1024,
        256 * 1024,
        128 * 1024,
        heldMemory(Runtime.getRuntime().maxMemory()),
        16_384,
        4_096,
        1_024,
        100,
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofSeconds(60),
        Duration.ofMinutes(60),
        Duration.ofSeconds(30),
        Duration.ofSeconds(10),
        Duration.ofMinutes(10),
        Duration.ofSeconds(2));
  }

  /**
   * What peers may hold of a heap of that size: a quarter. Measured at every limit at once, the
   * heap's live part grows by half as much again. Buffers outside the heap count too; the JVM gives
   * them as much again as the heap, so that what fits one fits the other.
   */
  static long heldMemory(long heapBytes) {
    return heapBytes / 4;
  }

  /** The same with other time limits. */
  public EngineLimits withTimeouts(
      Duration head,
      Duration body,
      Duration idle,
      Duration connect,
      Duration answer,
      Duration linger) {
    Copy copy = new Copy(this);
    copy.headTimeout = head;
    copy.bodyTimeout = body;
    copy.idleTimeout = idle;
    copy.refusedIdleTimeout = idle.compareTo(refusedIdleTimeout) < 0 ? idle : refusedIdleTimeout;
    copy.connectTimeout = connect;
    copy.answerTimeout = answer;
    copy.lingerTimeout = linger;
    return copy.made();
  }

  /** The same with another time to the first byte. */
  public EngineLimits withDetectTimeout(Duration detect) {
    Copy copy = new Copy(this);
    copy.detectTimeout = detect;
    return copy.made();
  }

  /** The same with another patience for what is refused. */
  public EngineLimits withRefusals(int inARow, Duration refusedIdle) {
    Copy copy = new Copy(this);
    copy.refusals = inARow;
    copy.refusedIdleTimeout = refusedIdle;
    return copy.made();
  }

  /** The same with other numbers of connections. */
  public EngineLimits withConnections(int all, int ofOneCaller, int ofOneSource) {
    Copy copy = new Copy(this);
    copy.connections = all;
    copy.connectionsPerCaller = ofOneCaller;
    copy.connectionsPerSource = ofOneSource;
    return copy.made();
  }

  /** The same with other memory. */
  public EngineLimits withHeldMemory(long bytes) {
    Copy copy = new Copy(this);
    copy.heldMemory = bytes;
    return copy.made();
  }

  /** What may be different in the next. */
  private static final class Copy {
    private final EngineLimits of;
    private long heldMemory;
    private int connections;
    private int connectionsPerCaller;
    private int connectionsPerSource;
    private int refusals;
    private Duration detectTimeout;
    private Duration headTimeout;
    private Duration bodyTimeout;
    private Duration idleTimeout;
    private Duration refusedIdleTimeout;
    private Duration connectTimeout;
    private Duration answerTimeout;
    private Duration lingerTimeout;

    Copy(EngineLimits of) {
      this.of = of;
      heldMemory = of.heldMemory;
      connections = of.connections;
      connectionsPerCaller = of.connectionsPerCaller;
      connectionsPerSource = of.connectionsPerSource;
      refusals = of.refusals;
      detectTimeout = of.detectTimeout;
      headTimeout = of.headTimeout;
      bodyTimeout = of.bodyTimeout;
      idleTimeout = of.idleTimeout;
      refusedIdleTimeout = of.refusedIdleTimeout;
      connectTimeout = of.connectTimeout;
      answerTimeout = of.answerTimeout;
      lingerTimeout = of.lingerTimeout;
    }

    EngineLimits made() {
      return new EngineLimits(
          of.eventLoops,
          of.requestLineBytes,
          of.headBytes,
          of.headFields,
          of.trailerBytes,
          of.chunkLineBytes,
          of.interimBytes,
          of.heldBytes,
          of.drainBytes,
          of.writeHighWater,
          heldMemory,
          connections,
          connectionsPerCaller,
          connectionsPerSource,
          refusals,
          detectTimeout,
          headTimeout,
          bodyTimeout,
          idleTimeout,
          refusedIdleTimeout,
          connectTimeout,
          answerTimeout,
          lingerTimeout);
    }
  }
}
