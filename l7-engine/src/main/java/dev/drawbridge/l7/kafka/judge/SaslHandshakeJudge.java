package dev.drawbridge.l7.kafka.judge;

import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.policy.kafka.KafkaAsk;
import org.apache.kafka.common.message.SaslHandshakeRequestData;
import org.apache.kafka.common.protocol.Errors;

/**
 * Passes what begins an authentication, but for version 0: after that come frames that are no
 * requests, which nobody could tell from what is to be judged. Every client since Kafka 1.0 takes
 * version 1 where it is offered.
 */
final class SaslHandshakeJudge implements ApiJudge<SaslHandshakeRequestData> {
  @Override
  public Ruling judge(Request request, SaslHandshakeRequestData data, Rights rights) {
    if (!rights.may(KafkaAsk.Right.CONVERSE)) {
      return ApiJudge.refused(request, Errors.CLUSTER_AUTHORIZATION_FAILED);
    }
    return request.version() == 0
        ? ApiJudge.refused(request, Errors.UNSUPPORTED_VERSION)
        : Ruling.passed();
  }
}
