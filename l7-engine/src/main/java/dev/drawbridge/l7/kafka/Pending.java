package dev.drawbridge.l7.kafka;

import dev.drawbridge.l7.kafka.judge.Ruling;
import dev.drawbridge.l7.relay.Exchange;
import dev.drawbridge.l7.relay.Records;
import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/** A request that is not answered yet. */
final class Pending {
  final int correlation;

  /** Null for what was not understood, and let pass by audit. */
  final @Nullable ApiKeys api;

  /** Of the client's request. */
  final short version;

  /** Of what went to the broker. */
  short sent;

  /** What is changed in the answer; null: it is not read. */
  Ruling.@Nullable Amending amending;

  /** A request of ours: who wants to know. */
  @Nullable Consumer<ApiMessage> ours;

  /** The answer, if it is made here. */
  @Nullable ByteBuf answer;

  /** What it waits for, if that may be revoked while it waits. */
  @Nullable FetchRequestData fetch;

  /** The broker's answer goes to nobody. */
  boolean dropped;

  /** Something of the answer has gone to the client. */
  boolean begun;

  /** Bytes that the request takes that was read. */
  long weight;

  long requestBytes;
  long responseBytes;
  private @Nullable Exchange exchange;
  private @Nullable Records records;

  Pending(int correlation, @Nullable ApiKeys api, short version) {
    this.correlation = correlation;
    this.api = api;
    this.version = version;
    this.sent = version;
  }

  /** Bytes that are kept of the request until the broker has answered. */
  long keeps() {
    return fetch == null && amending == null ? 0 : weight;
  }

  /** It leaves a record. */
  void recorded(Exchange of, Records by) {
    exchange = of;
    records = by;
  }

  /** It was allowed by another policy than this. */
  void revoked(Verdict verdict) {
    Exchange of = exchange;
    if (of != null) {
      of.judged(verdict);
    }
  }

  /** Writes the record, if there is one; gives back the answer if it was not sent. */
  void ends(Ending how) {
    ByteBuf unsent = answer;
    if (unsent != null) {
      answer = null;
      unsent.release();
    }
    Exchange of = exchange;
    Records by = records;
    if (of != null && by != null) {
      exchange = null;
      of.carried(requestBytes, responseBytes);
      by.exchange(how);
    }
  }
}
