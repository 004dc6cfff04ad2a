package dev.drawbridge.l7.kafka.judge;

import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.policy.kafka.KafkaAsk;
import java.util.ArrayList;
import java.util.Iterator;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponseTopic;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;

/** As metadata, in portions: what may not be seen is taken out of the answer. */
final class DescribeTopicsJudge implements ApiJudge<DescribeTopicPartitionsRequestData> {
  @Override
  public Ruling judge(Request request, DescribeTopicPartitionsRequestData data, Rights rights) {
    if (!rights.may(KafkaAsk.Right.CONVERSE)) {
      return ApiJudge.refused(request, Errors.CLUSTER_AUTHORIZATION_FAILED);
    }
    boolean all = data.topics().isEmpty();
    for (TopicRequest topic : data.topics()) {
      boolean _ = rights.topic(KafkaAsk.of(KafkaAsk.Right.DESCRIBE_TOPIC, topic.name()));
    }
    return new Ruling.Passed(
        answer -> filter((DescribeTopicPartitionsResponseData) answer, all, rights));
  }

  private static ApiMessage filter(
      DescribeTopicPartitionsResponseData answer, boolean all, Rights rights) {
    var topics = new ArrayList<DescribeTopicPartitionsResponseTopic>(answer.topics().size());
    for (Iterator<DescribeTopicPartitionsResponseTopic> each = answer.topics().iterator();
        each.hasNext(); ) {
      topics.add(each.next());
      each.remove();
    }
    for (DescribeTopicPartitionsResponseTopic topic : topics) {
      String name = topic.name();
      rights.names().learn(topic.topicId(), name);
      topic.setTopicAuthorizedOperations(Integer.MIN_VALUE);
      if (name == null || rights.sees(KafkaAsk.Right.DESCRIBE_TOPIC, name)) {
        answer.topics().add(topic);
      } else if (!all) {
        answer
            .topics()
            .add(
                new DescribeTopicPartitionsResponseTopic()
                    .setName(name)
                    .setTopicId(Uuid.ZERO_UUID)
                    .setErrorCode(Errors.TOPIC_AUTHORIZATION_FAILED.code()));
      }
    }
    return answer;
  }
}
