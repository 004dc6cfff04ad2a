package dev.drawbridge.policy.kafka;

import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import java.util.List;

/**
 * One thing that a Kafka request asks for; a request may ask for many.
 *
 * @param right to do what
 * @param name of the topic, group or transactional id; empty where the right is about none
 * @param transaction by whose transactional id a topic is written; empty without a transaction
 */
public record KafkaAsk(Right right, String name, String transaction) implements Ask {
  /** What may be asked. */
  public enum Right {
    /**
     * What every client asks before anything else, and what names nothing: whoever may do anything.
     */
    CONVERSE,
    /** To write into a topic. */
    PRODUCE,
    /** To read from a topic. */
    CONSUME,
    /** To know of a topic that may be written, read or administered. */
    DESCRIBE_TOPIC,
    /** To have a topic made by writing into it, by whichever transaction, or by administering. */
    MAKE_TOPIC,
    /** To be a member of a group, and to keep its offsets. */
    GROUP,
    /** To know of a group that may be joined or administered. */
    DESCRIBE_GROUP,
    /** To use a transactional id. */
    TRANSACTION,
    /** To know of a transaction that may be used or administered. */
    DESCRIBE_TRANSACTION,
    /** All else. */
    ADMINISTER
  }

  /** To write into a topic, outside of transactions. */
  public static KafkaAsk produce(String topic) {
    return new KafkaAsk(Right.PRODUCE, topic, "");
  }

  /** To read from a topic. */
  public static KafkaAsk consume(String topic) {
    return new KafkaAsk(Right.CONSUME, topic, "");
  }

  /** What is about nothing by name. */
  public static KafkaAsk of(Right right) {
    return new KafkaAsk(right, "", "");
  }

  /** What is about that name. */
  public static KafkaAsk of(Right right, String name) {
    return new KafkaAsk(right, name, "");
  }

  @Override
  public Protocol protocol() {
    return KafkaProtocol.KAFKA;
  }

  @Override
  public List<String> actions() {
    return switch (right) {
      case PRODUCE ->
          List.of(
              "produce "
                  + name
                  + (transaction.isEmpty() ? "" : " with transaction " + transaction));
      case CONSUME, DESCRIBE_TOPIC -> List.of("consume " + name);
      case MAKE_TOPIC -> List.of("produce " + name);
      case GROUP, DESCRIBE_GROUP -> List.of("consume * with group " + name);
      case TRANSACTION, DESCRIBE_TRANSACTION -> List.of("produce * with transaction " + name);
      case CONVERSE, ADMINISTER -> List.of("administer");
    };
  }

  /** In the words of the language, as far as it has some. */
  public String print() {
    return switch (right) {
      case CONVERSE -> "converse";
      case PRODUCE, CONSUME, ADMINISTER -> actions().getFirst();
      case DESCRIBE_TOPIC -> "describe topic " + name;
      case MAKE_TOPIC -> "make topic " + name;
      case GROUP -> "join group " + name;
      case DESCRIBE_GROUP -> "describe group " + name;
      case TRANSACTION -> "use transaction " + name;
      case DESCRIBE_TRANSACTION -> "describe transaction " + name;
    };
  }
}
