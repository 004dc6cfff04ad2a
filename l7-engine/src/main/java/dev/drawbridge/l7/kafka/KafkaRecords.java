package dev.drawbridge.l7.kafka;

import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.l7.kafka.judge.Rights;
import dev.drawbridge.l7.relay.Exchange;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.Records;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Verdict;

/** Which of a client's requests are told of, and with what. */
final class KafkaRecords {
  private final Opened opened;

  KafkaRecords(Opened opened) {
    this.opened = opened;
  }

  /** What names topics, or was refused, leaves one. */
  void of(Pending pending, Request request, Rights rights) {
    Verdict verdict = rights.verdict();
    if (verdict == null) {
      return;
    }
    boolean told =
        verdict.decision() != Decision.ALLOW
            || verdict.audited()
            || !rights.allowed().isEmpty()
            || !rights.refused().isEmpty();
    if (told) {
      of(pending, AskedKafka.of(request, rights), verdict);
    }
  }

  void of(Pending pending, AskedKafka about, Verdict verdict) {
    Exchange exchange = Exchange.begun(about);
    exchange.judged(verdict);
    pending.recorded(exchange, new Records(opened, exchange));
  }

  /** One that could not be read, and with which the connection ends. */
  void end(Verdict verdict) {
    Exchange exchange = Exchange.begun(AskedKafka.UNREAD);
    exchange.judged(verdict);
    new Records(opened, exchange).exchange(Ending.COMPLETED);
  }
}
