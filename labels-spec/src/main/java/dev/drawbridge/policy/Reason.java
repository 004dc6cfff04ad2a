package dev.drawbridge.policy;

import java.util.Locale;
import java.util.Optional;

/**
 * Why a verdict was what it was. Mirrors {@code enum db_reason} in reasons.h and docs/reasons.md; a
 * test compares the three. Codes are never reused (3 was one that nobody gave). Kernel codes are
 * below 64, engine codes above. What became of what was allowed is an {@link Ending}.
 */
public enum Reason {
  RULE_ALLOWS(1, "both sides allow, at least one by a rule"),
  OPEN(2, "no rule selects either side in this direction, or a container talks to itself"),
  RULE_DENIES(16, "a \"may not\" rule matches"),
  NO_RULE(17, "the side is closed and no rule allows it"),
  UNKNOWN_SELF(18, "program attached, endpoint not yet written"),
  UNKNOWN_ENDPOINT(19, "endpoint number without an entry"),
  UNVOUCHED_ADDRESS(
      20, "from a container's address, but its own egress program never saw the flow"),
  NEEDS_ENGINE(21, "a layer-7 rule decides, and the bytes did not come through the engine"),
  ENGINE_UNAVAILABLE(22, "a layer-7 rule decides, and no engine listens for it"),
  WRONG_CALLEE(23, "judged for another container that had this address before"),
  LATE_DENY(24, "allowed once; the policy has changed since"),
  MALFORMED_PACKET(25, "headers that cannot be read"),
  FRAGMENT(26, "a fragment with an offset, made by hand"),
  RAW_SOCKET(27, "TCP or UDP by a raw socket"),
  UNJUDGED_SOCKET(28, "connection older than the attachment"),
  PROTOCOL(29, "protocol that no rule can name"),
  STATE_FULL(30, "kernel memory for the socket's state refused"),
  NO_POLICY(31, "the agent has not applied any generation yet"),
  REWRITTEN(
      32,
      "the packet goes elsewhere than its socket was judged for: NAT or a tunnel in the container"),
  CALLER_REWRITES(
      33,
      "a layer-7 rule decides, and CAP_NET_ADMIN or CAP_SYS_ADMIN in the caller's network namespace could change what the engine sends"),
  BOUND_DEVICE(
      34,
      "a layer-7 rule decides, and the socket is bound to an interface, from which the engine cannot be reached"),
  LISTENER_UNKNOWN(
      35,
      "containers share the callee's network namespace, and whose the listener is that a layer-7 rule decides for is not known"),
  HTTP_MALFORMED(64, "not a request that every server would read alike"),
  HTTP_TOO_LARGE(65, "beyond a named limit: 413, 414 or 431"),
  HTTP_TIMEOUT(66, "408: the head did not arrive in time"),
  HTTP_PATH_AMBIGUOUS(67, "readings of method or path disagree under the rules, or are too many"),
  NOT_HTTP(68, "an HTTP rule decides, and the bytes are something else"),
  UNSUPPORTED_PROTOCOL(69, "a rule for a protocol whose engine does not exist yet"),
  NO_ORIGIN(70, "reached the engine's listener without having been redirected"),
  LIMIT(73, "a connection or memory limit of the engine"),
  TLS_NO_NAME(76, "a TLS hello that names no server"),
  TLS_NAME_HIDDEN(
      77,
      "a TLS hello with Encrypted Client Hello, real or as a placeholder (GREASE): turn it off in the client"),
  TLS_UNDER_HTTP_RULE(78, "an HTTP or Kafka rule decides, and the client speaks TLS"),
  NOT_TLS(79, "a TLS rule decides, and the bytes are something else"),
  CLIENT_SILENT(80, "an engine rule decides, and the client said nothing in time"),
  INCOMPLETE(81, "what was to be judged ended before it was whole"),
  HTTP_UPGRADE(
      82,
      "an HTTP rule decides, and the request asks for another upgrade than websocket, which no rule names (with header Upgrade=NAME)"),
  NOT_KAFKA(90, "a Kafka rule decides, and the bytes are something else"),
  KAFKA_MALFORMED(91, "not a Kafka request that every broker would read alike"),
  KAFKA_UNKNOWN(92, "a Kafka request of a key or version that cannot be judged"),
  NOT_DNS(95, "a resolve rule decides, and the bytes are something else"),
  DNS_MALFORMED(96, "not a DNS message that every resolver would read alike"),
  DNS_REBINDING(
      97, "the answer gives a name of the outside an address of the inside, which no rule allows");

  private static final Reason[] ALL = values();

  private final int code;
  private final String slug;
  private final String sentence;

  Reason(int code, String sentence) {
    this.code = code;
    this.slug = name().toLowerCase(Locale.ROOT).replace('_', '-');
    this.sentence = sentence;
  }

  /** The number in reasons.h. */
  public int code() {
    return code;
  }

  /** The name as the API and the logs write it, for instance {@code rule-denies}. */
  public String slug() {
    return slug;
  }

  /** One line for people. */
  public String sentence() {
    return sentence;
  }

  /** The reason with that code, or nothing for a code this version does not know. */
  public static Optional<Reason> of(int code) {
    for (Reason reason : ALL) {
      if (reason.code == code) {
        return Optional.of(reason);
      }
    }
    return Optional.empty();
  }
}
