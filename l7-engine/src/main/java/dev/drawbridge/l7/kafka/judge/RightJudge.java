package dev.drawbridge.l7.kafka.judge;

import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.policy.kafka.KafkaAsk;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;

/** What is allowed or refused as a whole, by one right that names nothing. */
final class RightJudge implements ApiJudge<ApiMessage> {
  private final KafkaAsk.Right right;
  private final Errors error;

  RightJudge(KafkaAsk.Right right) {
    this(right, ApiJudge.error(right));
  }

  /** A judge whose refusals are of that kind. */
  RightJudge(KafkaAsk.Right right, Errors error) {
    this.right = right;
    this.error = error;
  }

  @Override
  public Ruling judge(Request request, ApiMessage data, Rights rights) {
    return rights.may(right) ? Ruling.passed() : ApiJudge.refused(request, error);
  }
}
