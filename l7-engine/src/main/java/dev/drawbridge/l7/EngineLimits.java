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
 * @param interimAnswers most 1xx answers to one request
 * @param heldBytes most bytes kept of requests that wait for the answer before them; the engine
 *     stops reading beyond
 * @param drainBytes longest body of a denied request that is read to its end to keep the
 *     connection; beyond, the connection is closed after the answer
 * @param writeHighWater bytes waiting for a slow reader at which the other side is no longer read
 * @param connections most client connections of the engine
 * @param connectionsPerCaller most client connections of one caller, or of the host, or the world
 * @param detectTimeout from the connection to the client's first byte; beyond: closed, because what
 *     it speaks cannot be known
 * @param headTimeout from the first byte of a head to its last; beyond: 408
 * @param bodyTimeout between two pieces of a request body; beyond: 408
 * @param idleTimeout without a request on a connection; beyond: closed
 * @param connectTimeout for the connection to the callee; beyond: 504
 * @param answerTimeout from the end of the request to the head of its answer; beyond: 504
 * @param lingerTimeout for the client to take a last answer and close
 */
public record EngineLimits(
    int eventLoops,
    int requestLineBytes,
    int headBytes,
    int headFields,
    int trailerBytes,
    int chunkLineBytes,
    int interimAnswers,
    int heldBytes,
    int drainBytes,
    int writeHighWater,
    int connections,
    int connectionsPerCaller,
    Duration detectTimeout,
    Duration headTimeout,
    Duration bodyTimeout,
    Duration idleTimeout,
    Duration connectTimeout,
    Duration answerTimeout,
    Duration lingerTimeout) {

  /** What the agent runs with. */
  public static EngineLimits defaults() {
    return new EngineLimits(
        Math.max(1, Runtime.getRuntime().availableProcessors() / 2),
        16 * 1024,
        64 * 1024,
        1024,
        8 * 1024,
        256,
        16,
        64 * 1024,
        256 * 1024,
        128 * 1024,
        16_384,
        4_096,
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofSeconds(60),
        Duration.ofMinutes(60),
        Duration.ofSeconds(10),
        Duration.ofMinutes(10),
        Duration.ofSeconds(2));
  }

  /** The same with other time limits. */
  public EngineLimits withTimeouts(
      Duration head,
      Duration body,
      Duration idle,
      Duration connect,
      Duration answer,
      Duration linger) {
    return new EngineLimits(
        eventLoops,
        requestLineBytes,
        headBytes,
        headFields,
        trailerBytes,
        chunkLineBytes,
        interimAnswers,
        heldBytes,
        drainBytes,
        writeHighWater,
        connections,
        connectionsPerCaller,
        detectTimeout,
        head,
        body,
        idle,
        connect,
        answer,
        linger);
  }

  /** The same with another time to the first byte. */
  public EngineLimits withDetectTimeout(Duration detect) {
    return new EngineLimits(
        eventLoops,
        requestLineBytes,
        headBytes,
        headFields,
        trailerBytes,
        chunkLineBytes,
        interimAnswers,
        heldBytes,
        drainBytes,
        writeHighWater,
        connections,
        connectionsPerCaller,
        detect,
        headTimeout,
        bodyTimeout,
        idleTimeout,
        connectTimeout,
        answerTimeout,
        lingerTimeout);
  }

  /** The same with other numbers of connections. */
  public EngineLimits withConnections(int all, int ofOneCaller) {
    return new EngineLimits(
        eventLoops,
        requestLineBytes,
        headBytes,
        headFields,
        trailerBytes,
        chunkLineBytes,
        interimAnswers,
        heldBytes,
        drainBytes,
        writeHighWater,
        all,
        ofOneCaller,
        detectTimeout,
        headTimeout,
        bodyTimeout,
        idleTimeout,
        connectTimeout,
        answerTimeout,
        lingerTimeout);
  }
}
