package dev.drawbridge.policy.kafka;

import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.Condition;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import dev.drawbridge.policy.read.ProtocolRules;
import dev.drawbridge.policy.read.ReadRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Kafka in the clear, by topic, group and transactional id. */
public final class KafkaProtocol implements Protocol {
  public static final KafkaProtocol KAFKA = new KafkaProtocol();

  private KafkaProtocol() {}

  @Override
  public String name() {
    return "kafka";
  }

  @Override
  public String about() {
    return "Kafka in the clear";
  }

  @Override
  public boolean speaks(Action action) {
    return action instanceof Action.Produce
        || action instanceof Action.Consume
        || action instanceof Action.Administer;
  }

  @Override
  public ProtocolRules compile(List<ReadRule> rules, int otherwise, List<ReadRule> forbidding) {
    return new KafkaRules(rules, otherwise);
  }

  @Override
  public Reason foreign() {
    return Reason.NOT_KAFKA;
  }

  @Override
  public Set<Reason> unreadable() {
    return Set.of(Reason.KAFKA_MALFORMED, Reason.KAFKA_UNKNOWN);
  }

  @Override
  public List<String> misses(ReadRule rule, Ask ask) {
    KafkaAsk asked = (KafkaAsk) ask;
    var misses = new ArrayList<String>();
    if (KafkaRules.fits(rule, asked)) {
      return misses;
    }
    String action = rule.sentence().action().print();
    switch (asked.right()) {
      case PRODUCE -> {
        if (!(rule.sentence().action() instanceof Action.Produce(var topic))
            || !KafkaRules.topicFits(topic, asked)) {
          misses.add("it is about '" + action + "', not " + asked.print());
        } else {
          misses.add("it asks for " + conditions(rule));
        }
      }
      case CONSUME, DESCRIBE_TOPIC, MAKE_TOPIC, CONVERSE, ADMINISTER ->
          misses.add("it is about '" + action + "', not " + asked.print());
      case GROUP, DESCRIBE_GROUP, TRANSACTION, DESCRIBE_TRANSACTION ->
          misses.add(
              "it is about '"
                  + action
                  + (rule.sentence().conditions().isEmpty() ? "" : " " + conditions(rule))
                  + "', not "
                  + asked.print());
    }
    return misses;
  }

  private static String conditions(ReadRule rule) {
    return String.join(" ", rule.sentence().conditions().stream().map(Condition::print).toList());
  }
}
