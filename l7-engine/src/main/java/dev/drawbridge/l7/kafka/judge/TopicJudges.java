package dev.drawbridge.l7.kafka.judge;

import static dev.drawbridge.policy.kafka.KafkaAsk.Right.CONSUME;
import static dev.drawbridge.policy.kafka.KafkaAsk.Right.DESCRIBE_TOPIC;
import static dev.drawbridge.policy.kafka.KafkaAsk.Right.GROUP;
import static dev.drawbridge.policy.kafka.KafkaAsk.Right.TRANSACTION;

import dev.drawbridge.policy.kafka.KafkaAsk;
import java.util.Iterator;
import java.util.List;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.OffsetForLeaderTopicResult;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData;
import org.apache.kafka.common.protocol.ApiKeys;

/** Requests about a list of topics, each of which is judged by itself. */
final class TopicJudges {
  private static final int NEVER = Integer.MAX_VALUE;

  static final List<ApiJudge<?>> ALL =
      List.of(
          new TopicJudge<
              ListOffsetsRequestData,
              ListOffsetsRequestData.ListOffsetsTopic,
              ListOffsetsResponseData>(
              ApiKeys.LIST_OFFSETS,
              DESCRIBE_TOPIC,
              ListOffsetsRequestData::topics,
              ListOffsetsRequestData.ListOffsetsTopic::name,
              null,
              NEVER,
              (all, more) -> all.topics().addAll(more.topics()),
              _ -> List.of()),
          new TopicJudge<
              OffsetForLeaderEpochRequestData,
              OffsetForLeaderTopic,
              OffsetForLeaderEpochResponseData>(
              ApiKeys.OFFSET_FOR_LEADER_EPOCH,
              DESCRIBE_TOPIC,
              OffsetForLeaderEpochRequestData::topics,
              OffsetForLeaderTopic::topic,
              null,
              NEVER,
              TopicJudges::merge,
              _ -> List.of()),
          new TopicJudge<
              DescribeProducersRequestData,
              DescribeProducersRequestData.TopicRequest,
              DescribeProducersResponseData>(
              ApiKeys.DESCRIBE_PRODUCERS,
              CONSUME,
              DescribeProducersRequestData::topics,
              DescribeProducersRequestData.TopicRequest::name,
              null,
              NEVER,
              (all, more) -> all.topics().addAll(more.topics()),
              _ -> List.of()),
          new TopicJudge<
              OffsetCommitRequestData, OffsetCommitRequestTopic, OffsetCommitResponseData>(
              ApiKeys.OFFSET_COMMIT,
              CONSUME,
              OffsetCommitRequestData::topics,
              OffsetCommitRequestTopic::name,
              OffsetCommitRequestTopic::topicId,
              10,
              (all, more) -> all.topics().addAll(more.topics()),
              asked -> List.of(KafkaAsk.of(GROUP, asked.groupId()))),
          new TopicJudge<
              TxnOffsetCommitRequestData, TxnOffsetCommitRequestTopic, TxnOffsetCommitResponseData>(
              ApiKeys.TXN_OFFSET_COMMIT,
              CONSUME,
              TxnOffsetCommitRequestData::topics,
              TxnOffsetCommitRequestTopic::name,
              TxnOffsetCommitRequestTopic::topicId,
              6,
              (all, more) -> all.topics().addAll(more.topics()),
              asked ->
                  List.of(
                      KafkaAsk.of(TRANSACTION, asked.transactionalId()),
                      KafkaAsk.of(GROUP, asked.groupId()))));

  private TopicJudges() {}

  private static void merge(
      OffsetForLeaderEpochResponseData all, OffsetForLeaderEpochResponseData more) {
    for (Iterator<OffsetForLeaderTopicResult> each = more.topics().iterator(); each.hasNext(); ) {
      OffsetForLeaderTopicResult one = each.next();
      each.remove();
      all.topics().add(one);
    }
  }
}
