package dev.drawbridge.l7.kafka.judge;

import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.policy.kafka.KafkaAsk;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Reading: topic by topic. No session is opened with a broker: every request that goes on names all
 * that it reads, and is judged by that. Kafka provides for it: a broker without room for a session
 * answers session 0, and the client says everything again (KIP-227).
 */
public final class FetchJudge implements ApiJudge<FetchRequestData> {
  static final short FIRST_WITH_IDS = 13;

  /** Epoch of a request that neither opens a session nor belongs to one. */
  private static final int NO_SESSION = -1;

  /** What a consumer's request says in place of a replica's number. */
  private static final int CONSUMER = -1;

  /**
   * Bytes asked for at most where a part of the request is refused: that answer is read as a whole.
   */
  static final int AMENDED_BYTES = 1 << 20;

  @Override
  public List<Uuid> ids(FetchRequestData data, short version) {
    if (version < FIRST_WITH_IDS) {
      return List.of();
    }
    return data.topics().stream().map(FetchTopic::topicId).toList();
  }

  @Override
  public Ruling judge(Request request, FetchRequestData data, Rights rights) {
    if (data.sessionEpoch() > 0) {
      return new Ruling.Answered(
          new FetchResponseData().setErrorCode(Errors.FETCH_SESSION_ID_NOT_FOUND.code()));
    }
    boolean replica = data.replicaId() != CONSUMER || data.replicaState().replicaId() != CONSUMER;
    if (replica && !rights.may(KafkaAsk.Right.ADMINISTER)) {
      return ApiJudge.refused(request, Errors.CLUSTER_AUTHORIZATION_FAILED);
    }
    boolean changed = data.sessionEpoch() != NO_SESSION || data.sessionId() != 0;
    data.setSessionId(0).setSessionEpoch(NO_SESSION).setForgottenTopicsData(new ArrayList<>());
    List<FetchableTopicResponse> refused = refuse(data, request.version(), rights);
    if (refused.isEmpty()) {
      return changed ? new Ruling.Changed(data, request.version(), null) : Ruling.passed();
    }
    if (data.topics().isEmpty()) {
      return new Ruling.Answered(new FetchResponseData().setResponses(refused));
    }
    // As a broker does where a part fails: the answer does not wait for data.
    data.setMaxWaitMs(0).setMaxBytes(Math.min(data.maxBytes(), AMENDED_BYTES));
    for (FetchTopic topic : data.topics()) {
      for (FetchPartition partition : topic.partitions()) {
        partition.setPartitionMaxBytes(Math.min(partition.partitionMaxBytes(), AMENDED_BYTES));
      }
    }
    return new Ruling.Changed(
        data,
        request.version(),
        answer -> {
          ((FetchResponseData) answer).responses().addAll(refused);
          return answer;
        });
  }

  /** Takes out what may not be read, as the answer says it. */
  private static List<FetchableTopicResponse> refuse(
      FetchRequestData data, short version, Rights rights) {
    var refused = new ArrayList<FetchableTopicResponse>();
    var kept = new ArrayList<FetchTopic>();
    for (FetchTopic topic : data.topics()) {
      String name = version < FIRST_WITH_IDS ? topic.topic() : rights.name(topic.topicId());
      if (name == null) {
        rights.unknown(topic.topicId());
        refused.add(answer(topic, Errors.UNKNOWN_TOPIC_ID));
      } else if (rights.topic(KafkaAsk.consume(name))) {
        kept.add(topic);
      } else {
        refused.add(answer(topic, Errors.TOPIC_AUTHORIZATION_FAILED));
      }
    }
    data.setTopics(kept);
    return refused;
  }

  private static FetchableTopicResponse answer(FetchTopic topic, Errors error) {
    var partitions = new ArrayList<PartitionData>();
    for (FetchPartition partition : topic.partitions()) {
      partitions.add(answer(partition, error));
    }
    return new FetchableTopicResponse()
        .setTopic(topic.topic())
        .setTopicId(topic.topicId())
        .setPartitions(partitions);
  }

  private static PartitionData answer(FetchPartition partition, Errors error) {
    return new PartitionData()
        .setPartitionIndex(partition.partition())
        .setErrorCode(error.code())
        .setHighWatermark(-1)
        .setLastStableOffset(-1)
        .setLogStartOffset(-1)
        .setRecords(MemoryRecords.EMPTY);
  }

  /**
   * The answer to a request that waits for data while some of it may not be read any more: of that
   * the error, of the rest nothing.
   */
  public static FetchResponseData revoked(FetchRequestData asked, short version, Rights rights) {
    var answer = new FetchResponseData();
    for (FetchTopic topic : asked.topics()) {
      String name = version < FIRST_WITH_IDS ? topic.topic() : rights.name(topic.topicId());
      boolean may = name != null && rights.topic(KafkaAsk.consume(name));
      answer.responses().add(answer(topic, may ? Errors.NONE : Errors.TOPIC_AUTHORIZATION_FAILED));
    }
    return answer;
  }
}
