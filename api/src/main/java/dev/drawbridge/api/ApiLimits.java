package dev.drawbridge.api;

import java.time.Duration;

/**
 * Every bound of the server, by name. None is configurable: they protect the agent, not a workload.
 */
public final class ApiLimits {

  /** Open connections of each listener; one more is answered 503 and closed. */
  public static final int CONNECTIONS = 128;

  /** Threads that ask the {@link AgentView}. */
  public static final int WORKERS = 2;

  /** Bytes of a request line (RFC 9112 section 3 recommends at least 8000). */
  public static final int REQUEST_LINE = 8192;

  /** Bytes of all header fields together. */
  public static final int HEADERS = 8192;

  /** From the opening of a connection, or the end of the last answer, to a whole request head. */
  public static final Duration HEAD = Duration.ofSeconds(10);

  /** From the first byte of an answer to the last that the client has taken. */
  public static final Duration ANSWER = Duration.ofSeconds(30);

  /**
   * Bytes of whole answers that wait for their clients, of each listener; beyond, 503. Lists are
   * streamed and do not count.
   */
  public static final long ANSWERS = 2L << 20;

  /** Connections that follow flows. */
  public static final int FOLLOWERS = 8;

  /** Records waiting for one follower. */
  public static final int FOLLOWER_QUEUE = 1024;

  /** How long a follower may take nothing at all. */
  public static final Duration FOLLOWER_STALLED = Duration.ofSeconds(60);

  /** Records in one answer of {@code /v1/flows}. */
  public static final int FLOWS = 5000;

  /** Records when {@code last} is not given. */
  public static final int FLOWS_DEFAULT = 100;

  /** Parameters in one query string, and bytes of one value. */
  public static final int PARAMETERS = 64;

  public static final int PARAMETER = 4096;

  private ApiLimits() {}
}
