package dev.drawbridge.policy.parse;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Words of other languages for what is said here in one way. A suggestion must never mean more than
 * what was written.
 */
final class Synonyms {
  private static final Map<String, String> MAY =
      Map.ofEntries(
          Map.entry("can", "may"),
          Map.entry("could", "may"),
          Map.entry("must", "may"),
          Map.entry("should", "may"),
          Map.entry("shall", "may"),
          Map.entry("may", "may"),
          Map.entry("allow", "may"),
          Map.entry("allows", "may"),
          Map.entry("allowed", "may"),
          Map.entry("permit", "may"),
          Map.entry("permits", "may"),
          Map.entry("accept", "may"),
          Map.entry("grant", "may"),
          Map.entry("let", "may"),
          Map.entry("cannot", "may not"),
          Map.entry("can't", "may not"),
          Map.entry("mustn't", "may not"),
          Map.entry("shouldn't", "may not"),
          Map.entry("mayn't", "may not"),
          Map.entry("never", "may not"),
          Map.entry("not", "may not"),
          Map.entry("deny", "may not"),
          Map.entry("denies", "may not"),
          Map.entry("denied", "may not"),
          Map.entry("drop", "may not"),
          Map.entry("reject", "may not"),
          Map.entry("block", "may not"),
          Map.entry("forbid", "may not"),
          Map.entry("refuse", "may not"));
  private static final Map<String, String> PARTY =
      Map.ofEntries(
          Map.entry("everyone", "anyone"),
          Map.entry("everybody", "anyone"),
          Map.entry("anybody", "anyone"),
          Map.entry("all", "containers"),
          Map.entry("any", "containers"),
          Map.entry("every", "containers"),
          Map.entry("everything", "containers"),
          Map.entry("none", "nobody"),
          Map.entry("noone", "nobody"),
          Map.entry("nothing", "nobody"),
          Map.entry("wan", "internet"),
          Map.entry("outside", "internet"),
          Map.entry("external", "internet"),
          Map.entry("public", "internet"),
          Map.entry("local", "lan"),
          Map.entry("private", "lan"),
          Map.entry("intranet", "lan"));
  private static final Map<String, String> METHOD =
      Map.of("read", "GET", "fetch", "GET", "view", "GET", "download", "GET");
  private static final Map<String, String> CLAUSE =
      Map.of(
          "to", "on", "at", "on", "towards", "on", "onto", "on", "against", "on", "ports", "port");
  private static final Map<String, String> PROTOCOL =
      Map.of(
          "http", "tcp", "https", "tcp", "h2", "tcp", "http2", "tcp", "grpc", "tcp", "tls", "tcp",
          "ws", "tcp", "dns", "udp", "quic", "udp");
  private static final Map<String, String> PORT =
      Map.of(
          "http", "80", "https", "443", "ssh", "22", "smtp", "25", "dns", "53/udp", "ntp",
          "123/udp");

  private Synonyms() {}

  /** {@code may} or {@code may not}. */
  static Optional<String> ofMay(String word) {
    return Optional.ofNullable(MAY.get(word.toLowerCase(Locale.ROOT)));
  }

  /** Who is meant, and nobody more. */
  static Optional<String> ofParty(String word) {
    return Optional.ofNullable(PARTY.get(word.toLowerCase(Locale.ROOT)));
  }

  /** A method. */
  static Optional<String> ofMethod(String word) {
    return Optional.ofNullable(METHOD.get(word.toLowerCase(Locale.ROOT)));
  }

  /** A word that begins a clause. */
  static Optional<String> ofClause(String word) {
    return Optional.ofNullable(CLAUSE.get(word.toLowerCase(Locale.ROOT)));
  }

  /** The protocol below. */
  static Optional<String> ofProtocol(String word) {
    return Optional.ofNullable(PROTOCOL.get(word.toLowerCase(Locale.ROOT)));
  }

  /** A service's registered port (IANA). */
  static Optional<String> ofPort(String word) {
    return Optional.ofNullable(PORT.get(word.toLowerCase(Locale.ROOT)));
  }
}
