package dev.drawbridge.l7.kafka.judge;

import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.kafka.KafkaAsk;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * What a client may do, asked for one request: remembers what was asked for the request's record,
 * and by which verdict. The one that denies counts most.
 */
public final class Rights {
  /** Names kept of one request for its record. */
  private static final int NOTED = 64;

  private final Function<KafkaAsk, Verdict> policy;
  private final TopicNames names;
  private final List<String> allowed = new ArrayList<>();
  private final List<String> refused = new ArrayList<>();
  private @Nullable Verdict verdict;
  private KafkaAsk.@Nullable Right first;
  private String group = "";

  public Rights(Function<KafkaAsk, Verdict> policy, TopicNames names) {
    this.policy = policy;
    this.names = names;
  }

  public boolean may(KafkaAsk ask) {
    if (first == null || first == KafkaAsk.Right.CONVERSE) {
      first = ask.right();
    }
    Verdict now = policy.apply(ask);
    Verdict before = verdict;
    if (before == null
        || weight(now) > weight(before)
        || (weight(now) == weight(before) && before.rule() == 0)) {
      verdict = now;
    }
    return now.decision() == Decision.ALLOW;
  }

  private static int weight(Verdict of) {
    return of.decision() != Decision.ALLOW ? 2 : of.audited() ? 1 : 0;
  }

  boolean may(KafkaAsk.Right right) {
    return may(KafkaAsk.of(right));
  }

  /** The same; the record names the topic. */
  boolean topic(KafkaAsk ask) {
    boolean may = may(ask);
    note(may ? allowed : refused, ask.name());
    return may;
  }

  /** A topic that nobody knows the name of. */
  void unknown(Uuid id) {
    note(refused, id.toString());
  }

  private static void note(List<String> where, String name) {
    if (where.size() < NOTED && !where.contains(name)) {
      where.add(name);
    }
  }

  boolean group(String name) {
    group = name;
    return may(KafkaAsk.of(KafkaAsk.Right.GROUP, name));
  }

  /** Whether the answer may tell of it; no part of what was asked. */
  boolean sees(KafkaAsk.Right right, String name) {
    return policy.apply(KafkaAsk.of(right, name)).decision() == Decision.ALLOW;
  }

  /** The topic's name; null if the broker knows no topic of that id, or has not been asked. */
  @Nullable String name(Uuid id) {
    return names.name(id);
  }

  TopicNames names() {
    return names;
  }

  public List<String> allowed() {
    return allowed;
  }

  public List<String> refused() {
    return refused;
  }

  public String group() {
    return group;
  }

  /** In the words of rules, what was asked for first; what only tells of something has its own. */
  public String verb() {
    return switch (first) {
      case null -> "";
      case PRODUCE, MAKE_TOPIC, TRANSACTION -> "produce";
      case CONSUME, GROUP -> "consume";
      case DESCRIBE_TOPIC, DESCRIBE_GROUP, DESCRIBE_TRANSACTION -> "describe";
      case ADMINISTER -> "administer";
      case CONVERSE -> "converse";
    };
  }

  /** Null as long as nothing was asked. */
  public @Nullable Verdict verdict() {
    return verdict;
  }
}
