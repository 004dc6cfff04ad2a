package dev.drawbridge.policy.kafka;

import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.Condition;
import dev.drawbridge.policy.language.Globs;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.ReadRule;
import dev.drawbridge.policy.read.RulesInOrder;
import dev.drawbridge.policy.read.Saying;
import java.util.List;

/**
 * The Kafka rules that govern a port of a pair: asked for each topic, group and transactional id of
 * a request. What may not be done is looked for first.
 */
final class KafkaRules extends RulesInOrder<KafkaAsk> {
  KafkaRules(List<ReadRule> rules, int otherwise) {
    super(rules, otherwise);
  }

  @Override
  public Protocol protocol() {
    return KafkaProtocol.KAFKA;
  }

  @Override
  public long judge(Ask ask) {
    KafkaAsk asked = (KafkaAsk) ask;
    return switch (asked.right()) {
      case DESCRIBE_TOPIC ->
          any(KafkaAsk.consume(asked.name()), asked, KafkaAsk.of(KafkaAsk.Right.ADMINISTER));
      case MAKE_TOPIC -> any(asked, KafkaAsk.of(KafkaAsk.Right.ADMINISTER));
      case DESCRIBE_GROUP ->
          any(
              KafkaAsk.of(KafkaAsk.Right.GROUP, asked.name()),
              KafkaAsk.of(KafkaAsk.Right.ADMINISTER));
      case DESCRIBE_TRANSACTION ->
          any(
              KafkaAsk.of(KafkaAsk.Right.TRANSACTION, asked.name()),
              KafkaAsk.of(KafkaAsk.Right.ADMINISTER));
      case CONVERSE, PRODUCE, CONSUME, GROUP, TRANSACTION, ADMINISTER -> ask(asked);
    };
  }

  /** The first that is allowed, else why the first is denied. */
  private long any(KafkaAsk... asks) {
    long first = ask(asks[0]);
    long says = first;
    for (int i = 1; i < asks.length && !Saying.allows(says); i++) {
      says = ask(asks[i]);
    }
    return Saying.allows(says) ? says : first;
  }

  @Override
  protected boolean decides(ReadRule rule, KafkaAsk asked) {
    return fits(rule, asked);
  }

  /**
   * Whether a rule is about what is asked; to describe a topic is to write into it here, by
   * whichever transaction. A may rule that names a group or a transactional id is about that one; a
   * may-not rule keeps a group or a transaction as a whole only if it does so for every topic.
   */
  static boolean fits(ReadRule rule, KafkaAsk asked) {
    boolean allows = rule.allows();
    return switch (rule.sentence().action()) {
      case Action.Produce(var topic) ->
          switch (asked.right()) {
            case PRODUCE -> topicFits(topic, asked) && transactionFits(rule, asked.transaction());
            case TRANSACTION ->
                allows
                    ? transactionFits(rule, asked.name())
                    : Globs.isAll(topic) && transactionFits(rule, asked.name());
            case DESCRIBE_TOPIC, MAKE_TOPIC ->
                topicFits(topic, asked) && (allows || !isConditional(rule));
            case CONVERSE -> allows;
            case CONSUME, GROUP, ADMINISTER, DESCRIBE_GROUP, DESCRIBE_TRANSACTION -> false;
          };
      case Action.Consume(var topic) ->
          switch (asked.right()) {
            case CONSUME -> topicFits(topic, asked) && (allows || !isConditional(rule));
            case GROUP ->
                allows
                    ? groupFits(rule, asked.name())
                    : Globs.isAll(topic) && groupFits(rule, asked.name());
            case CONVERSE -> allows;
            case PRODUCE,
                TRANSACTION,
                ADMINISTER,
                MAKE_TOPIC,
                DESCRIBE_TOPIC,
                DESCRIBE_GROUP,
                DESCRIBE_TRANSACTION ->
                false;
          };
      case Action.Administer() ->
          asked.right() == KafkaAsk.Right.ADMINISTER
              || (allows && asked.right() == KafkaAsk.Right.CONVERSE);
      default -> false;
    };
  }

  static boolean topicFits(String topic, KafkaAsk asked) {
    return Globs.matches(topic, asked.name());
  }

  private static boolean transactionFits(ReadRule rule, String transaction) {
    for (Condition condition : rule.sentence().conditions()) {
      if (condition instanceof Condition.Transaction(var name)) {
        return !transaction.isEmpty() && Globs.matches(name, transaction);
      }
    }
    return true;
  }

  private static boolean groupFits(ReadRule rule, String group) {
    for (Condition condition : rule.sentence().conditions()) {
      if (condition instanceof Condition.Group(var name)) {
        return Globs.matches(name, group);
      }
    }
    return true;
  }

  private static boolean isConditional(ReadRule rule) {
    return !rule.sentence().conditions().isEmpty();
  }
}
