package dev.drawbridge.l7.kafka.judge;

import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.policy.kafka.KafkaAsk;
import dev.drawbridge.policy.kafka.KafkaAsk.Right;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnPartitionResult;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnTopicResult;
import org.apache.kafka.common.message.DescribeTransactionsRequestData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData.TransactionState;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.FindCoordinatorResponseData.Coordinator;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.ListTransactionsRequestData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** Transactions, and the brokers that coordinate them and groups. */
final class TransactionJudges {
  static final Map<ApiKeys, ApiJudge<?>> ALL = all();

  private TransactionJudges() {}

  private static Map<ApiKeys, ApiJudge<?>> all() {
    var all = new EnumMap<ApiKeys, ApiJudge<?>>(ApiKeys.class);
    all.put(ApiKeys.FIND_COORDINATOR, new Coordinators());
    all.put(ApiKeys.INIT_PRODUCER_ID, new ProducerIds());
    all.put(ApiKeys.ADD_PARTITIONS_TO_TXN, new Partitions());
    all.put(ApiKeys.ADD_OFFSETS_TO_TXN, new GroupOffsets());
    all.put(ApiKeys.END_TXN, new Ends());
    all.put(ApiKeys.DESCRIBE_TRANSACTIONS, new Described());
    all.put(ApiKeys.LIST_TRANSACTIONS, new Listing());
    return all;
  }

  private static boolean may(String transaction, Rights rights) {
    return rights.may(KafkaAsk.of(Right.TRANSACTION, transaction));
  }

  /** Which broker has a group or a transaction. */
  private static final class Coordinators implements ApiJudge<FindCoordinatorRequestData> {
    private static final byte GROUP = 0;
    private static final byte TRANSACTION = 1;
    private static final short FIRST_WITH_KEYS = 4;
    private static final int NO_NODE = -1;

    @Override
    public Ruling judge(Request request, FindCoordinatorRequestData data, Rights rights) {
      Right right =
          switch (data.keyType()) {
            case GROUP -> Right.DESCRIBE_GROUP;
            case TRANSACTION -> Right.DESCRIBE_TRANSACTION;
            default -> null;
          };
      if (right == null) {
        boolean _ = rights.may(Right.CONVERSE);
        return ApiJudge.refused(request, Errors.INVALID_REQUEST);
      }
      if (request.version() < FIRST_WITH_KEYS) {
        return rights.may(KafkaAsk.of(right, data.key()))
            ? Ruling.passed()
            : ApiJudge.refused(request, ApiJudge.error(right));
      }
      var kept = new ArrayList<String>();
      var refused = new ArrayList<Coordinator>();
      for (String key : data.coordinatorKeys()) {
        if (rights.may(KafkaAsk.of(right, key))) {
          kept.add(key);
        } else {
          refused.add(
              new Coordinator()
                  .setKey(key)
                  .setNodeId(NO_NODE)
                  .setHost("")
                  .setPort(NO_NODE)
                  .setErrorMessage(ApiJudge.error(right).message())
                  .setErrorCode(ApiJudge.error(right).code()));
        }
      }
      if (refused.isEmpty()) {
        return Ruling.passed();
      }
      if (kept.isEmpty()) {
        return new Ruling.Answered(new FindCoordinatorResponseData().setCoordinators(refused));
      }
      return new Ruling.Changed(
          data.setCoordinatorKeys(kept),
          request.version(),
          answer -> {
            ((FindCoordinatorResponseData) answer).coordinators().addAll(refused);
            return answer;
          });
    }
  }

  /**
   * A number for a producer. Without a transaction it gives nobody anything: what is written with
   * it is judged topic by topic, and the client learns there what it may not.
   */
  private static final class ProducerIds implements ApiJudge<InitProducerIdRequestData> {
    @Override
    public Ruling judge(Request request, InitProducerIdRequestData data, Rights rights) {
      String transaction = data.transactionalId();
      if (transaction == null) {
        return rights.may(Right.CONVERSE)
            ? Ruling.passed()
            : ApiJudge.refused(request, Errors.CLUSTER_AUTHORIZATION_FAILED);
      }
      return may(transaction, rights)
          ? Ruling.passed()
          : ApiJudge.refused(request, Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
  }

  /**
   * Topics that a transaction is going to write: all of them or none. From version 4 on it is what
   * brokers ask each other.
   */
  private static final class Partitions implements ApiJudge<AddPartitionsToTxnRequestData> {
    private static final short FIRST_OF_BROKERS = 4;

    @Override
    public Ruling judge(Request request, AddPartitionsToTxnRequestData data, Rights rights) {
      if (request.version() >= FIRST_OF_BROKERS) {
        return rights.may(Right.ADMINISTER)
            ? Ruling.passed()
            : ApiJudge.refused(request, Errors.CLUSTER_AUTHORIZATION_FAILED);
      }
      String transaction = data.v3AndBelowTransactionalId();
      if (!may(transaction, rights)) {
        return ApiJudge.refused(request, Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
      }
      boolean all = true;
      var answer = new AddPartitionsToTxnResponseData();
      for (AddPartitionsToTxnTopic topic : data.v3AndBelowTopics()) {
        boolean may = rights.topic(new KafkaAsk(Right.PRODUCE, topic.name(), transaction));
        all &= may;
        var result = new AddPartitionsToTxnTopicResult().setName(topic.name());
        for (int partition : topic.partitions()) {
          result
              .resultsByPartition()
              .add(
                  new AddPartitionsToTxnPartitionResult()
                      .setPartitionIndex(partition)
                      .setPartitionErrorCode(
                          (may ? Errors.OPERATION_NOT_ATTEMPTED : Errors.TOPIC_AUTHORIZATION_FAILED)
                              .code()));
        }
        answer.resultsByTopicV3AndBelow().add(result);
      }
      return all ? Ruling.passed() : new Ruling.Answered(answer);
    }
  }

  /** A group whose offsets a transaction is going to keep. */
  private static final class GroupOffsets implements ApiJudge<AddOffsetsToTxnRequestData> {
    @Override
    public Ruling judge(Request request, AddOffsetsToTxnRequestData data, Rights rights) {
      if (!may(data.transactionalId(), rights)) {
        return ApiJudge.refused(request, Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
      }
      return rights.group(data.groupId())
          ? Ruling.passed()
          : ApiJudge.refused(request, Errors.GROUP_AUTHORIZATION_FAILED);
    }
  }

  /** The end of a transaction. */
  private static final class Ends implements ApiJudge<EndTxnRequestData> {
    @Override
    public Ruling judge(Request request, EndTxnRequestData data, Rights rights) {
      return may(data.transactionalId(), rights)
          ? Ruling.passed()
          : ApiJudge.refused(request, Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
  }

  /** Transactions by name: topics in them are told to whoever may see those. */
  private static final class Described implements ApiJudge<DescribeTransactionsRequestData> {
    @Override
    public Ruling judge(Request request, DescribeTransactionsRequestData data, Rights rights) {
      var kept = new ArrayList<String>();
      List<TransactionState> refused = new ArrayList<>();
      for (String transaction : data.transactionalIds()) {
        if (rights.may(KafkaAsk.of(Right.DESCRIBE_TRANSACTION, transaction))) {
          kept.add(transaction);
        } else {
          refused.add(
              new TransactionState()
                  .setTransactionalId(transaction)
                  .setErrorCode(Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED.code()));
        }
      }
      if (kept.isEmpty() && !refused.isEmpty()) {
        return new Ruling.Answered(
            new DescribeTransactionsResponseData().setTransactionStates(refused));
      }
      Ruling.Amending amending =
          answer -> {
            var all = (DescribeTransactionsResponseData) answer;
            for (TransactionState state : all.transactionStates()) {
              state.topics().removeIf(topic -> !rights.sees(Right.DESCRIBE_TOPIC, topic.topic()));
            }
            all.transactionStates().addAll(refused);
            return all;
          };
      return refused.isEmpty()
          ? new Ruling.Passed(amending)
          : new Ruling.Changed(data.setTransactionalIds(kept), request.version(), amending);
    }
  }

  /** All transactions: those that may be told of. */
  private static final class Listing implements ApiJudge<ListTransactionsRequestData> {
    @Override
    public Ruling judge(Request request, ListTransactionsRequestData data, Rights rights) {
      if (!rights.may(Right.CONVERSE)) {
        return ApiJudge.refused(request, Errors.CLUSTER_AUTHORIZATION_FAILED);
      }
      return new Ruling.Passed(answer -> {
        ((ListTransactionsResponseData) answer)
            .transactionStates()
            .removeIf(state -> !rights.sees(Right.DESCRIBE_TRANSACTION, state.transactionalId()));
        return answer;
      });
    }
  }
}
