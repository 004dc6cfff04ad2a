package dev.drawbridge.api.question;

import dev.drawbridge.policy.kafka.KafkaAsk;
import java.util.Optional;

/** Reads what a question asks of Kafka: {@code kafka=consume&topic=incoming}. */
final class KafkaQuestion {
  private static final int MAX_TOPIC = 249;
  private static final int MAX_NAME = 1024;

  private KafkaQuestion() {}

  static Optional<KafkaAsk> of(Query query) throws Refusal {
    Optional<String> verb = query.one("kafka");
    Optional<String> topic = query.one("topic");
    Optional<String> group = query.one("group");
    Optional<String> transaction = query.one("transaction");
    if (verb.isEmpty()) {
      if (topic.isPresent() || group.isPresent() || transaction.isPresent()) {
        throw missing("a topic, a group or a transaction is nothing by itself");
      }
      return Optional.empty();
    }
    if (topic.isPresent() && !isTopic(topic.get())) {
      throw Query.bad(
          "topic",
          "\"" + topic.get() + "\" cannot be a topic",
          "letters, digits, . _ and -, at most 249");
    }
    return Optional.of(
        switch (verb.get()) {
          case "produce" -> produce(topic, group, transaction);
          case "consume" -> consume(topic, group, transaction);
          case "administer" -> {
            if (topic.isPresent() || group.isPresent() || transaction.isPresent()) {
              throw Query.bad("kafka", "administer is about all of a cluster", "administer alone");
            }
            yield KafkaAsk.of(KafkaAsk.Right.ADMINISTER);
          }
          default ->
              throw Query.bad(
                  "kafka",
                  "\"" + verb.get() + "\" is nothing that a rule says",
                  "produce, consume or administer");
        });
  }

  private static KafkaAsk produce(
      Optional<String> topic, Optional<String> group, Optional<String> transaction) throws Refusal {
    if (group.isPresent()) {
      throw Query.bad(
          "group", "who produces has no group", "a topic, with a transaction or without");
    }
    String id = transaction.isPresent() ? name("transaction", transaction.get()) : "";
    if (topic.isPresent()) {
      return new KafkaAsk(KafkaAsk.Right.PRODUCE, topic.get(), id);
    }
    if (transaction.isPresent()) {
      return KafkaAsk.of(KafkaAsk.Right.TRANSACTION, id);
    }
    throw missing("what is produced to is not given");
  }

  private static KafkaAsk consume(
      Optional<String> topic, Optional<String> group, Optional<String> transaction) throws Refusal {
    if (transaction.isPresent()) {
      throw Query.bad("transaction", "who consumes has no transaction", "a topic, or a group");
    }
    if (topic.isPresent() == group.isPresent()) {
      throw missing("a fetch names a topic, and a member a group: one of the two is asked for");
    }
    return topic.isPresent()
        ? KafkaAsk.consume(topic.get())
        : KafkaAsk.of(KafkaAsk.Right.GROUP, name("group", group.orElseThrow()));
  }

  private static Refusal missing(String message) {
    return new Refusal(
        400,
        "missing-parameter",
        message,
        "kafka=produce&topic=T, kafka=consume&topic=T, kafka=consume&group=G or kafka=administer");
  }

  private static boolean isTopic(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_TOPIC
        && !text.equals(".")
        && !text.equals("..")
        && text.chars()
            .allMatch(c ->
                (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || "._-".indexOf(c) >= 0);
  }

  private static String name(String parameter, String text) throws Refusal {
    if (text.isEmpty() || text.length() > MAX_NAME) {
      throw Query.bad(parameter, "that cannot be a name", "1 to 1024 characters");
    }
    return text;
  }
}
