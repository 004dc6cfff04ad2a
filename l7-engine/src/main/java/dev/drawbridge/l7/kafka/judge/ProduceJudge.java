package dev.drawbridge.l7.kafka.judge;

import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.policy.kafka.KafkaAsk;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Writing: topic by topic; what may not be written is taken out and answered here. */
public final class ProduceJudge implements ApiJudge<ProduceRequestData> {
  public static final short FIRST_WITH_IDS = 13;

  @Override
  public List<Uuid> ids(ProduceRequestData data, short version) {
    if (version < FIRST_WITH_IDS) {
      return List.of();
    }
    return data.topicData().stream().map(TopicProduceData::topicId).toList();
  }

  @Override
  public Ruling judge(Request request, ProduceRequestData data, Rights rights) {
    List<TopicProduceResponse> refused = new ArrayList<>();
    for (Iterator<TopicProduceData> all = data.topicData().iterator(); all.hasNext(); ) {
      TopicProduceData topic = all.next();
      Errors fault = fault(request.version(), topic, data.transactionalId(), rights);
      if (fault != null) {
        refused.add(answer(topic, fault));
        all.remove();
      }
    }
    if (refused.isEmpty()) {
      return Ruling.passed();
    }
    if (data.acks() == 0) {
      return data.topicData().isEmpty() ? new Ruling.Ended() : new Ruling.ChangedThenEnded(data);
    }
    if (data.topicData().isEmpty()) {
      var answer = new ProduceResponseData();
      answer.responses().addAll(refused);
      return new Ruling.Answered(answer);
    }
    return new Ruling.Changed(
        data,
        request.version(),
        answer -> {
          ((ProduceResponseData) answer).responses().addAll(refused);
          return answer;
        });
  }

  /** What is wrong with writing into a topic of a request; null: nothing. */
  public static @Nullable Errors fault(
      short version, TopicProduceData topic, @Nullable String transaction, Rights rights) {
    return fault(
        version < FIRST_WITH_IDS ? topic.name() : rights.name(topic.topicId()),
        topic.topicId(),
        transaction,
        rights);
  }

  /** What is wrong with writing into a topic; null: nothing. */
  static @Nullable Errors fault(
      @Nullable String name, Uuid id, @Nullable String transaction, Rights rights) {
    if (name == null) {
      rights.unknown(id);
      return Errors.UNKNOWN_TOPIC_ID;
    }
    var ask = new KafkaAsk(KafkaAsk.Right.PRODUCE, name, transaction == null ? "" : transaction);
    return rights.topic(ask) ? null : Errors.TOPIC_AUTHORIZATION_FAILED;
  }

  public static TopicProduceResponse answer(TopicProduceData topic, Errors fault) {
    var partitions = new ArrayList<PartitionProduceResponse>(topic.partitionData().size());
    for (PartitionProduceData partition : topic.partitionData()) {
      partitions.add(
          new PartitionProduceResponse()
              .setIndex(partition.index())
              .setErrorCode(fault.code())
              .setBaseOffset(-1));
    }
    return new TopicProduceResponse()
        .setName(topic.name())
        .setTopicId(topic.topicId())
        .setPartitionResponses(partitions);
  }
}
