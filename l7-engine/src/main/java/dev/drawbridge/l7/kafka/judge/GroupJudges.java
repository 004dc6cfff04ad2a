package dev.drawbridge.l7.kafka.judge;

import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.policy.kafka.KafkaAsk;
import dev.drawbridge.policy.kafka.KafkaAsk.Right;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartition;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartitions;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseTopic;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseTopics;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;

/** Membership of groups, their offsets, and who may know of them. */
final class GroupJudges {
  static final Map<ApiKeys, ApiJudge<?>> ALL = all();

  private static final long NO_OFFSET = -1;

  private GroupJudges() {}

  private static Map<ApiKeys, ApiJudge<?>> all() {
    var all = new EnumMap<ApiKeys, ApiJudge<?>>(ApiKeys.class);
    all.put(ApiKeys.JOIN_GROUP, new Member<>(JoinGroupRequestData::groupId));
    all.put(ApiKeys.SYNC_GROUP, new Member<>(SyncGroupRequestData::groupId));
    all.put(ApiKeys.HEARTBEAT, new Member<>(HeartbeatRequestData::groupId));
    all.put(ApiKeys.LEAVE_GROUP, new Member<>(LeaveGroupRequestData::groupId));
    all.put(ApiKeys.CONSUMER_GROUP_HEARTBEAT, new ConsumerHeartbeat());
    all.put(ApiKeys.OFFSET_FETCH, new Offsets());
    all.put(ApiKeys.LIST_GROUPS, new Listing());
    all.put(
        ApiKeys.DESCRIBE_GROUPS,
        new Described<DescribeGroupsRequestData, DescribeGroupsResponseData>(
            DescribeGroupsRequestData::groups,
            DescribeGroupsRequestData::setGroups,
            (answer, more) -> answer.groups().addAll(more.groups())));
    all.put(
        ApiKeys.CONSUMER_GROUP_DESCRIBE,
        new Described<ConsumerGroupDescribeRequestData, ConsumerGroupDescribeResponseData>(
            ConsumerGroupDescribeRequestData::groupIds,
            ConsumerGroupDescribeRequestData::setGroupIds,
            (answer, more) -> answer.groups().addAll(more.groups())));
    return all;
  }

  /**
   * What a member of a group says. What it subscribes to stands in bytes that only other members
   * read; what it reads is judged where it is fetched.
   */
  private static final class Member<Q extends ApiMessage> implements ApiJudge<Q> {
    private final Function<Q, String> group;

    Member(Function<Q, String> group) {
      this.group = group;
    }

    @Override
    public Ruling judge(Request request, Q data, Rights rights) {
      return rights.group(group.apply(data))
          ? Ruling.passed()
          : ApiJudge.refused(request, Errors.GROUP_AUTHORIZATION_FAILED);
    }
  }

  /**
   * A member whose topics the broker divides (KIP-848). Version 1 has regular expressions that the
   * broker evaluates, which nobody else can judge: only version 0 is understood.
   */
  private static final class ConsumerHeartbeat
      implements ApiJudge<ConsumerGroupHeartbeatRequestData> {
    @Override
    public short newest(ApiKeys api) {
      return 0;
    }

    @Override
    public Ruling judge(Request request, ConsumerGroupHeartbeatRequestData data, Rights rights) {
      if (!rights.group(data.groupId())) {
        return ApiJudge.refused(request, Errors.GROUP_AUTHORIZATION_FAILED);
      }
      List<String> topics = data.subscribedTopicNames();
      boolean may = true;
      for (String topic : topics == null ? List.<String>of() : topics) {
        may &= rights.topic(KafkaAsk.consume(topic));
      }
      return may ? Ruling.passed() : ApiJudge.refused(request, Errors.TOPIC_AUTHORIZATION_FAILED);
    }
  }

  /** Lists of groups to be told about. */
  private static final class Described<Q extends ApiMessage, A extends ApiMessage>
      implements ApiJudge<Q> {
    private final Function<Q, List<String>> groups;
    private final BiConsumer<Q, List<String>> keep;
    private final BiConsumer<A, A> merge;

    Described(
        Function<Q, List<String>> groups,
        BiConsumer<Q, List<String>> keep,
        BiConsumer<A, A> merge) {
      this.groups = groups;
      this.keep = keep;
      this.merge = merge;
    }

    @Override
    @SuppressWarnings("unchecked")
    public // A copy, and the answer, are of the classes of the key.
    Ruling judge(Request request, Q data, Rights rights) {
      var allowed = new ArrayList<String>();
      var refused = new ArrayList<String>();
      for (String group : groups.apply(data)) {
        (rights.may(KafkaAsk.of(Right.DESCRIBE_GROUP, group)) ? allowed : refused).add(group);
      }
      if (refused.isEmpty()) {
        return Ruling.passed();
      }
      Q denied = (Q) data.duplicate();
      keep.accept(denied, refused);
      A answer =
          (A)
              Objects.requireNonNull(
                  Message.failed(
                      request.api(), request.version(), denied, Errors.GROUP_AUTHORIZATION_FAILED));
      if (allowed.isEmpty()) {
        return new Ruling.Answered(answer);
      }
      keep.accept(data, allowed);
      return new Ruling.Changed(
          data,
          request.version(),
          given -> {
            merge.accept((A) given, answer);
            return given;
          });
    }
  }

  /** All groups: those that may be told of. */
  private static final class Listing implements ApiJudge<ListGroupsRequestData> {
    @Override
    public Ruling judge(Request request, ListGroupsRequestData data, Rights rights) {
      if (!rights.may(Right.CONVERSE)) {
        return ApiJudge.refused(request, Errors.CLUSTER_AUTHORIZATION_FAILED);
      }
      return new Ruling.Passed(answer -> {
        ((ListGroupsResponseData) answer)
            .groups()
            .removeIf(group -> !rights.sees(Right.DESCRIBE_GROUP, group.groupId()));
        return answer;
      });
    }
  }

  /** Where groups have come to: group by group, topic by topic; or all topics of a group. */
  private static final class Offsets implements ApiJudge<OffsetFetchRequestData> {
    private static final short FIRST_WITH_GROUPS = 8;
    private static final short FIRST_WITH_IDS = 10;

    @Override
    public List<Uuid> ids(OffsetFetchRequestData data, short version) {
      if (version < FIRST_WITH_IDS) {
        return List.of();
      }
      var ids = new ArrayList<Uuid>();
      for (OffsetFetchRequestGroup group : data.groups()) {
        for (OffsetFetchRequestTopics topic : topics(group)) {
          ids.add(topic.topicId());
        }
      }
      return ids;
    }

    @Override
    public boolean needsAll(OffsetFetchRequestData data, short version) {
      return version >= FIRST_WITH_IDS
          && data.groups().stream().anyMatch(group -> group.topics() == null);
    }

    private static List<OffsetFetchRequestTopics> topics(OffsetFetchRequestGroup group) {
      List<OffsetFetchRequestTopics> topics = group.topics();
      return topics == null ? List.of() : topics;
    }

    @Override
    public Ruling judge(Request request, OffsetFetchRequestData data, Rights rights) {
      return request.version() < FIRST_WITH_GROUPS
          ? one(request, data, rights)
          : several(request, data, rights);
    }

    private static boolean group(String name, Rights rights) {
      return rights.may(KafkaAsk.of(Right.DESCRIBE_GROUP, name));
    }

    private static Ruling one(Request request, OffsetFetchRequestData data, Rights rights) {
      if (!group(data.groupId(), rights)) {
        return ApiJudge.refused(request, Errors.GROUP_AUTHORIZATION_FAILED);
      }
      if (data.topics() == null) {
        return new Ruling.Passed(answer -> {
          ((OffsetFetchResponseData) answer)
              .topics()
              .removeIf(topic -> !rights.sees(Right.DESCRIBE_TOPIC, topic.name()));
          return answer;
        });
      }
      var refused = new ArrayList<OffsetFetchResponseTopic>();
      var kept = new ArrayList<OffsetFetchRequestTopic>();
      for (OffsetFetchRequestTopic topic : data.topics()) {
        if (rights.topic(KafkaAsk.of(Right.DESCRIBE_TOPIC, topic.name()))) {
          kept.add(topic);
        } else {
          refused.add(refused(topic));
        }
      }
      if (refused.isEmpty()) {
        return Ruling.passed();
      }
      if (kept.isEmpty()) {
        return new Ruling.Answered(new OffsetFetchResponseData().setTopics(refused));
      }
      return new Ruling.Changed(
          data.setTopics(kept),
          request.version(),
          answer -> {
            ((OffsetFetchResponseData) answer).topics().addAll(refused);
            return answer;
          });
    }

    private static OffsetFetchResponseTopic refused(OffsetFetchRequestTopic topic) {
      var partitions = new ArrayList<OffsetFetchResponsePartition>();
      for (int partition : topic.partitionIndexes()) {
        partitions.add(
            new OffsetFetchResponsePartition()
                .setPartitionIndex(partition)
                .setCommittedOffset(NO_OFFSET)
                .setMetadata("")
                .setErrorCode(Errors.TOPIC_AUTHORIZATION_FAILED.code()));
      }
      return new OffsetFetchResponseTopic().setName(topic.name()).setPartitions(partitions);
    }

    private static Ruling several(Request request, OffsetFetchRequestData data, Rights rights) {
      boolean byId = request.version() >= FIRST_WITH_IDS;
      var refused = new ArrayList<OffsetFetchResponseGroup>();
      var kept = new ArrayList<OffsetFetchRequestGroup>();
      boolean changed = false;
      boolean filtered = false;
      for (OffsetFetchRequestGroup group : data.groups()) {
        if (!group(group.groupId(), rights)) {
          refused.add(
              new OffsetFetchResponseGroup()
                  .setGroupId(group.groupId())
                  .setErrorCode(Errors.GROUP_AUTHORIZATION_FAILED.code()));
          continue;
        }
        if (group.topics() == null) {
          filtered = true;
          kept.add(group);
          continue;
        }
        var denied = new OffsetFetchResponseGroup().setGroupId(group.groupId());
        var topics = new ArrayList<OffsetFetchRequestTopics>();
        for (OffsetFetchRequestTopics topic : group.topics()) {
          String name = byId ? rights.name(topic.topicId()) : topic.name();
          if (name == null) {
            rights.unknown(topic.topicId());
            denied.topics().add(refused(topic, Errors.UNKNOWN_TOPIC_ID));
          } else if (rights.topic(KafkaAsk.of(Right.DESCRIBE_TOPIC, name))) {
            topics.add(topic);
          } else {
            denied.topics().add(refused(topic, Errors.TOPIC_AUTHORIZATION_FAILED));
          }
        }
        if (!denied.topics().isEmpty()) {
          refused.add(denied);
          changed = true;
          group.setTopics(topics);
        }
        if (denied.topics().isEmpty() || !topics.isEmpty()) {
          kept.add(group);
        }
      }
      if (kept.isEmpty() && !refused.isEmpty()) {
        return new Ruling.Answered(new OffsetFetchResponseData().setGroups(refused));
      }
      changed |= kept.size() != data.groups().size();
      Ruling.Amending amending =
          answer -> merge((OffsetFetchResponseData) answer, refused, byId, rights);
      if (changed) {
        return new Ruling.Changed(data.setGroups(kept), request.version(), amending);
      }
      return filtered ? new Ruling.Passed(amending) : Ruling.passed();
    }

    private static OffsetFetchResponseTopics refused(OffsetFetchRequestTopics topic, Errors error) {
      var partitions = new ArrayList<OffsetFetchResponsePartitions>();
      for (int partition : topic.partitionIndexes()) {
        partitions.add(
            new OffsetFetchResponsePartitions()
                .setPartitionIndex(partition)
                .setCommittedOffset(NO_OFFSET)
                .setMetadata("")
                .setErrorCode(error.code()));
      }
      return new OffsetFetchResponseTopics()
          .setName(topic.name())
          .setTopicId(topic.topicId())
          .setPartitions(partitions);
    }

    private static ApiMessage merge(
        OffsetFetchResponseData answer,
        List<OffsetFetchResponseGroup> refused,
        boolean byId,
        Rights rights) {
      Map<String, OffsetFetchResponseGroup> more = new LinkedHashMap<>();
      for (OffsetFetchResponseGroup group : refused) {
        more.put(group.groupId(), group);
      }
      for (OffsetFetchResponseGroup group : answer.groups()) {
        group
            .topics()
            .removeIf(topic -> {
              String name = byId ? rights.name(topic.topicId()) : topic.name();
              return name == null || !rights.sees(Right.DESCRIBE_TOPIC, name);
            });
        OffsetFetchResponseGroup denied = more.remove(group.groupId());
        if (denied != null) {
          group.topics().addAll(denied.topics());
        }
      }
      answer.groups().addAll(more.values());
      return answer;
    }
  }
}
