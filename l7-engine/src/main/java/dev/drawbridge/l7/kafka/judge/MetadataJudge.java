package dev.drawbridge.l7.kafka.judge;

import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.policy.kafka.KafkaAsk;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;

/**
 * Who is asked for what is there: the answer is what is judged. A topic is made by being asked for
 * only by whoever may write into it, or administer.
 */
final class MetadataJudge implements ApiJudge<MetadataRequestData> {
  /** The first version that can say that nothing is to be made. */
  private static final short FIRST_WITHOUT_CREATION = 4;

  /** In place of operations that nobody asked for. */
  private static final int UNASKED = Integer.MIN_VALUE;

  @Override
  public Ruling judge(Request request, MetadataRequestData data, Rights rights) {
    if (!rights.may(KafkaAsk.Right.CONVERSE)) {
      return ApiJudge.refused(request, Errors.CLUSTER_AUTHORIZATION_FAILED);
    }
    boolean all = data.topics() == null || (request.version() == 0 && data.topics().isEmpty());
    var ids = new HashSet<Uuid>();
    for (MetadataRequestTopic topic : all ? List.<MetadataRequestTopic>of() : data.topics()) {
      if (topic.name() == null) {
        ids.add(topic.topicId());
      } else {
        boolean _ = rights.topic(KafkaAsk.of(KafkaAsk.Right.DESCRIBE_TOPIC, topic.name()));
      }
    }
    Ruling.Amending amending = answer -> filter((MetadataResponseData) answer, all, ids, rights);
    if (all || !data.allowAutoTopicCreation() || mayCreate(data.topics(), rights)) {
      return new Ruling.Passed(amending);
    }
    data.setAllowAutoTopicCreation(false);
    short version = (short) Math.max(request.version(), FIRST_WITHOUT_CREATION);
    return new Ruling.Changed(data, version, amending);
  }

  private static boolean mayCreate(List<MetadataRequestTopic> topics, Rights rights) {
    for (MetadataRequestTopic topic : topics) {
      String name = topic.name();
      if (name != null && !rights.sees(KafkaAsk.Right.MAKE_TOPIC, name)) {
        return false;
      }
    }
    return true;
  }

  private static ApiMessage filter(
      MetadataResponseData answer, boolean all, Set<Uuid> ids, Rights rights) {
    var topics = new ArrayList<MetadataResponseTopic>(answer.topics().size());
    for (Iterator<MetadataResponseTopic> each = answer.topics().iterator(); each.hasNext(); ) {
      topics.add(each.next());
      each.remove();
    }
    for (MetadataResponseTopic topic : topics) {
      String name = topic.name();
      rights.names().learn(topic.topicId(), name);
      topic.setTopicAuthorizedOperations(UNASKED);
      if (name == null || name.isEmpty()) {
        // An id that the broker does not know.
        answer.topics().add(topic);
      } else if (rights.sees(KafkaAsk.Right.DESCRIBE_TOPIC, name)) {
        answer.topics().add(topic);
      } else if (!all) {
        answer.topics().add(refused(topic, ids.contains(topic.topicId())));
      }
    }
    answer.setClusterAuthorizedOperations(UNASKED);
    return answer;
  }

  /** Asked for by its id it is not there; asked for by its name it may not be seen. */
  private static MetadataResponseTopic refused(MetadataResponseTopic topic, boolean byId) {
    var refused = new MetadataResponseTopic().setTopicAuthorizedOperations(UNASKED);
    return byId
        ? refused
            .setErrorCode(Errors.UNKNOWN_TOPIC_ID.code())
            .setName(null)
            .setTopicId(topic.topicId())
        : refused
            .setErrorCode(Errors.TOPIC_AUTHORIZATION_FAILED.code())
            .setName(topic.name())
            .setTopicId(Uuid.ZERO_UUID)
            .setIsInternal(topic.isInternal());
  }
}
