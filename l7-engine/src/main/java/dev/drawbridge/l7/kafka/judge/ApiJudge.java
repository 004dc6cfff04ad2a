package dev.drawbridge.l7.kafka.judge;

import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.policy.kafka.KafkaAsk;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;

/**
 * Judges the requests of one API key, or of several that are judged alike. Stateless; one object of
 * each, in {@link Judges}.
 *
 * @param <Q> the generated class of the request
 */
public interface ApiJudge<Q extends ApiMessage> {
  /** The newest version whose requests and answers it understands. */
  default short newest(ApiKeys api) {
    return api.latestVersion();
  }

  /** Ids of topics that have to be known before it can judge; none twice is needed. */
  default List<Uuid> ids(Q data, short version) {
    return List.of();
  }

  /** Whether it has to know every topic of the cluster before it can judge. */
  default boolean needsAll(Q data, short version) {
    return false;
  }

  /** What becomes of the request; {@code data} may be changed. */
  Ruling judge(Request request, Q data, Rights rights);

  /** All of it is refused, in Kafka's own words. */
  static Ruling refused(Request request, Errors error) {
    ApiMessage answer = Message.failed(request.api(), request.version(), request.data(), error);
    return answer == null ? new Ruling.Ended() : new Ruling.Answered(answer);
  }

  /** How Kafka calls the want of a right. */
  static Errors error(KafkaAsk.Right right) {
    return switch (right) {
      case PRODUCE, CONSUME, DESCRIBE_TOPIC, MAKE_TOPIC -> Errors.TOPIC_AUTHORIZATION_FAILED;
      case GROUP, DESCRIBE_GROUP -> Errors.GROUP_AUTHORIZATION_FAILED;
      case TRANSACTION, DESCRIBE_TRANSACTION -> Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
      case CONVERSE, ADMINISTER -> Errors.CLUSTER_AUTHORIZATION_FAILED;
    };
  }
}
