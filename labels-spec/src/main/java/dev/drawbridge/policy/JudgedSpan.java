package dev.drawbridge.policy;

import org.jspecify.annotations.Nullable;

/**
 * Ports of one protocol on which one side judges alike.
 *
 * @param rule number of the deciding rule, 0 for none
 * @param http the rules that the engine asks of a request, if the verdict is ENGINE
 * @param tls the rules that it asks of a TLS connection; with ENGINE one of the two at least
 */
record JudgedSpan(
    int protocol,
    int low,
    int high,
    L4Verdict verdict,
    Reason reason,
    int rule,
    @Nullable HttpRules http,
    @Nullable TlsRules tls) {
  static final JudgedSpan OPEN =
      new JudgedSpan(0, 0, 0, L4Verdict.ALLOW, Reason.OPEN, 0, null, null);
  static final JudgedSpan NO_RULE =
      new JudgedSpan(0, 0, 0, L4Verdict.DENY, Reason.NO_RULE, 0, null, null);
  static final JudgedSpan PROTOCOL =
      new JudgedSpan(0, 0, 0, L4Verdict.DENY, Reason.PROTOCOL, 0, null, null);

  boolean isSameBut(JudgedSpan other) {
    return protocol == other.protocol
        && verdict == other.verdict
        && reason == other.reason
        && rule == other.rule
        && http == other.http
        && tls == other.tls;
  }

  /** The same, but that another rule is named for it. */
  JudgedSpan by(int otherRule) {
    return new JudgedSpan(protocol, low, high, verdict, reason, otherRule, http, tls);
  }

  /** Whether bytes must be read to judge. */
  boolean needsEngine() {
    return http != null || tls != null;
  }
}
