package dev.drawbridge.l7.dns;

import java.time.Duration;

/** Every bound of the engine of names. */
final class DnsLimits {
  /** Bytes of a question, by datagram or stream. */
  static final int QUESTION = 4096;

  /** Bytes of an answer by datagram; a client that takes more is not told so. */
  static final int DATAGRAM = 8192;

  /** Questions of one container that wait for their answers. */
  static final int WAITING_OF_ONE = 512;

  /** Questions of all that wait for their answers. */
  static final int WAITING = 8192;

  /** Questions that wait for their answers on one stream. */
  static final int WAITING_ON_STREAM = 64;

  /** How long a resolver may take: most clients have asked again by then. */
  static final Duration ANSWER = Duration.ofSeconds(6);

  /** After that the sockets to a resolver that is not asked are closed. */
  static final Duration IDLE = Duration.ofSeconds(10);

  /** Questions that one socket asks: then another takes its place, at another port. */
  static final int ASKED_BY_SOCKET = 1000;

  /** Addresses in one answer; a record that has more than is left is taken out. */
  static final int ADDRESSES = 128;

  /** Names that an answer may lead to, one after the other. */
  static final int ALIASES = 16;

  private DnsLimits() {}
}
