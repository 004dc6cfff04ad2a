package dev.drawbridge.l7.kafka.judge;

import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.policy.kafka.KafkaAsk;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Judges requests that are about a list of topics, one by one: those that are refused are taken
 * out, and what Kafka would answer for them is put into the answer for the others.
 *
 * @param <Q> the generated class of the request
 * @param <T> that of a topic in it
 * @param <A> that of the answer
 */
final class TopicJudge<Q extends ApiMessage, T, A extends ApiMessage> implements ApiJudge<Q> {
  private final ApiKeys api;
  private final KafkaAsk.Right right;
  private final Function<Q, Collection<T>> topics;
  private final Function<T, String> name;
  private final @Nullable Function<T, Uuid> id;
  private final int firstWithIds;
  private final BiConsumer<A, A> merge;
  private final Function<Q, List<KafkaAsk>> whole;

  /**
   * A judge of that key.
   *
   * @param topics of a request, which may be taken out of it
   * @param id null where no version has ids
   * @param firstWithIds the first version that names topics by ids alone
   * @param merge puts the topics of the second answer into the first
   * @param whole what is asked for all of it
   */
  TopicJudge(
      ApiKeys api,
      KafkaAsk.Right right,
      Function<Q, Collection<T>> topics,
      Function<T, String> name,
      @Nullable Function<T, Uuid> id,
      int firstWithIds,
      BiConsumer<A, A> merge,
      Function<Q, List<KafkaAsk>> whole) {
    this.api = api;
    this.right = right;
    this.topics = topics;
    this.name = name;
    this.id = id;
    this.firstWithIds = firstWithIds;
    this.merge = merge;
    this.whole = whole;
  }

  ApiKeys api() {
    return api;
  }

  @Override
  public List<Uuid> ids(Q data, short version) {
    Function<T, Uuid> of = id;
    return of == null || version < firstWithIds
        ? List.of()
        : topics.apply(data).stream().map(of).toList();
  }

  @Override
  @SuppressWarnings("unchecked")
  public // A copy is of the class that it was made of.
  Ruling judge(Request request, Q data, Rights rights) {
    for (KafkaAsk ask : whole.apply(data)) {
      boolean may =
          ask.right() == KafkaAsk.Right.GROUP ? rights.group(ask.name()) : rights.may(ask);
      if (!may) {
        return ApiJudge.refused(request, ApiJudge.error(ask.right()));
      }
    }
    Q denied = (Q) data.duplicate();
    Q unknown = (Q) data.duplicate();
    int before = topics.apply(data).size();
    keep(data, request.version(), rights, Kind.ALLOWED);
    if (topics.apply(data).size() == before) {
      return Ruling.passed();
    }
    keep(denied, request.version(), rights, Kind.DENIED);
    keep(unknown, request.version(), rights, Kind.UNKNOWN);
    A refused = null;
    if (!topics.apply(denied).isEmpty()) {
      refused = failed(request, denied, ApiJudge.error(right));
    }
    if (!topics.apply(unknown).isEmpty()) {
      A more = failed(request, unknown, Errors.UNKNOWN_TOPIC_ID);
      if (refused == null) {
        refused = more;
      } else {
        merge.accept(refused, more);
      }
    }
    A answered = Objects.requireNonNull(refused);
    if (topics.apply(data).isEmpty()) {
      return new Ruling.Answered(answered);
    }
    return new Ruling.Changed(
        data,
        request.version(),
        answer -> {
          merge.accept((A) answer, answered);
          return answer;
        });
  }

  @SuppressWarnings("unchecked") // It is the answer to that request.
  private A failed(Request request, Q part, Errors error) {
    return (A)
        Objects.requireNonNull(Message.failed(request.api(), request.version(), part, error));
  }

  private enum Kind {
    ALLOWED,
    DENIED,
    UNKNOWN
  }

  private void keep(Q data, short version, Rights rights, Kind kind) {
    // In one pass over a list: taking one after another out of it moves the rest each time.
    boolean _ = topics.apply(data).removeIf(topic -> kind(topic, version, rights) != kind);
  }

  private Kind kind(T topic, short version, Rights rights) {
    Function<T, Uuid> of = id;
    String called = name.apply(topic);
    if (of != null && version >= firstWithIds) {
      called = rights.name(of.apply(topic));
      if (called == null) {
        rights.unknown(of.apply(topic));
        return Kind.UNKNOWN;
      }
    }
    return rights.topic(KafkaAsk.of(right, called)) ? Kind.ALLOWED : Kind.DENIED;
  }
}
