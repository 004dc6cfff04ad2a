package dev.drawbridge.l7.http1.relay;

import dev.drawbridge.l7.http.Refusal;
import dev.drawbridge.l7.http1.RequestHead;
import dev.drawbridge.l7.relay.Relay;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.RuleInfo;
import dev.drawbridge.policy.ask.Lack;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** The engine's own answers to the requests of one HTTP/1 connection. */
final class Http1Answers {
  private final Http1Client leg;
  private final Http1Exchange exchange;
  private final Relay relay;

  Http1Answers(Http1Client leg) {
    this.leg = leg;
    this.exchange = leg.exchange;
    this.relay = leg.relay;
  }

  /**
   * Policy does not allow the request, or not what it wants to become. Of the latter the answer
   * does not say that the connection ends, though it does: docker takes that for the old way to say
   * yes.
   */
  void deny(Reason reason, @Nullable RuleInfo rule, @Nullable Lack lack, boolean close) {
    int status = reason == Reason.HTTP_UPGRADE ? 501 : 403;
    answer(status, word(status), reason.slug(), Refusal.message(reason, lack), rule, lack, close);
  }

  /** The request cannot be judged or carried; nothing is asked after it. */
  void refuse(int status, String reason, String message, @Nullable RuleInfo rule) {
    answer(status, word(status), reason, message, rule, null, true);
  }

  private static String word(int status) {
    return switch (status) {
      case 403 -> "denied";
      case 408 -> "timeout";
      case 413, 414, 431 -> "too-large";
      case 501 -> "unsupported";
      case 502, 503, 504 -> "unavailable";
      default -> "malformed";
    };
  }

  /** A denial as gRPC says it: status 7, permission denied, in an answer of status 200. */
  void denyCall(RequestHead request, boolean close) {
    String type = request.all("content-type").getFirst();
    int semicolon = type.indexOf(';');
    Refusal refusal =
        new Refusal(
            200,
            "denied",
            exchange.verdict.reason().slug(),
            "permission denied by policy",
            null,
            null,
            "",
            "",
            relay.nextRequestId());
    send(
        refusal,
        refusal.encodeTrailersOnly(
            relay.allocator,
            (semicolon < 0 ? type : type.substring(0, semicolon)).strip(),
            close,
            exchange.minorVersion == 0));
  }

  private void answer(
      int status,
      String error,
      String reason,
      String message,
      @Nullable RuleInfo rule,
      @Nullable Lack lack,
      boolean close) {
    Refusal refusal =
        new Refusal(
            status,
            error,
            reason,
            message,
            rule,
            lack,
            relay.names.nameOf(leg.opened().origin().caller()),
            relay.names.nameOf(leg.opened().origin().callee()),
            relay.nextRequestId());
    send(
        refusal,
        refusal.encode(relay.allocator, exchange.bodiless, close, exchange.minorVersion == 0));
  }

  private void send(Refusal refusal, ByteBuf encoded) {
    exchange.status = refusal.status();
    exchange.requestId = refusal.requestId();
    exchange.responseBytes = encoded.readableBytes();
    leg.outbox.add(encoded);
  }
}
