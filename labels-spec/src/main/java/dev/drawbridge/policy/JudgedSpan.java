package dev.drawbridge.policy;

import org.jspecify.annotations.Nullable;

/**
 * Ports of one protocol on which one side judges alike.
 *
 * @param rule number of the deciding rule, 0 for none
 * @param http the rules that the engine asks, if the verdict is ENGINE
 */
record JudgedSpan(
    int protocol,
    int low,
    int high,
    L4Verdict verdict,
    Reason reason,
    int rule,
    @Nullable HttpRules http) {
  static final JudgedSpan OPEN = new JudgedSpan(0, 0, 0, L4Verdict.ALLOW, Reason.OPEN, 0, null);
  static final JudgedSpan NO_RULE =
      new JudgedSpan(0, 0, 0, L4Verdict.DENY, Reason.NO_RULE, 0, null);
  static final JudgedSpan PROTOCOL =
      new JudgedSpan(0, 0, 0, L4Verdict.DENY, Reason.PROTOCOL, 0, null);

  boolean isSameBut(JudgedSpan other) {
    return protocol == other.protocol
        && verdict == other.verdict
        && reason == other.reason
        && rule == other.rule
        && http == other.http;
  }
}
