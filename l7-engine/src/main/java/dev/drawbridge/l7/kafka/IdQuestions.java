package dev.drawbridge.l7.kafka;

import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.l7.kafka.judge.ApiJudge;
import dev.drawbridge.l7.kafka.judge.TopicNames;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/**
 * Asks the broker which topics the ids of a request are, by requests of our own between the
 * client's; one at a time, and each id once a request.
 */
final class IdQuestions {
  /** The first version of Metadata that can be asked by ids alone. */
  private static final short METADATA_BY_ID = 12;

  private static final String CLIENT_ID = "drawbridge";

  /** What an id takes that the broker was asked for in vain. */
  private static final long ASKED_BYTES = 96;

  private final TopicNames names;
  private final BiConsumer<Pending, ByteBuffer> send;
  private final Runnable learnt;

  /** Ids that the broker was asked for, for the request that is read. */
  private final Set<Uuid> asked = new HashSet<>();

  private boolean asking;
  private boolean askedForAll;

  /** Correlation ids of ours, which no client's frame is answered by. */
  private int last;

  /**
   * For one connection.
   *
   * @param names where the answers go
   * @param send what goes to the broker now, between whole frames
   * @param learnt runs after each answer
   */
  IdQuestions(TopicNames names, BiConsumer<Pending, ByteBuffer> send, Runnable learnt) {
    this.names = names;
    this.send = send;
    this.learnt = learnt;
  }

  /** Whether the broker has yet to answer. */
  boolean asking() {
    return asking;
  }

  /** Another request begins. */
  void begin() {
    asked.clear();
  }

  /** Whether the names of all its ids are known, or were asked for; asks for them otherwise. */
  boolean known(ApiJudge<ApiMessage> judge, Request request) {
    if (judge.needsAll(request.data(), request.version())) {
      if (asked.add(Uuid.ZERO_UUID)) {
        ask(null);
        return false;
      }
      return true;
    }
    var unknown = new ArrayList<Uuid>();
    for (Uuid id : judge.ids(request.data(), request.version())) {
      if (unknown.size() < TopicNames.MOST && names.name(id) == null && asked.add(id)) {
        unknown.add(id);
      }
    }
    if (unknown.isEmpty()) {
      return true;
    }
    ask(unknown);
    return false;
  }

  /** The same of one. */
  boolean known(Uuid id) {
    if (names.name(id) != null || !asked.add(id)) {
      return true;
    }
    ask(List.of(id));
    return false;
  }

  /** Asks for all that there are, once a connection. */
  void all() {
    if (!askedForAll) {
      askedForAll = true;
      ask(null);
    }
  }

  /** Null: for every topic. */
  private void ask(@Nullable List<Uuid> ids) {
    var request = new MetadataRequestData().setAllowAutoTopicCreation(false);
    request.setTopics(
        ids == null
            ? null
            : ids.stream()
                .map(id -> new MetadataRequestTopic().setName(null).setTopicId(id))
                .collect(Collectors.toCollection(ArrayList::new)));
    last--;
    var header = new RequestHeaderData().setCorrelationId(last).setClientId(CLIENT_ID);
    Pending pending = new Pending(last, ApiKeys.METADATA, METADATA_BY_ID);
    pending.ours = this::learn;
    asking = true;
    send.accept(pending, Message.write(ApiKeys.METADATA, METADATA_BY_ID, header, request));
  }

  private void learn(ApiMessage answer) {
    for (MetadataResponseTopic topic : ((MetadataResponseData) answer).topics()) {
      names.learn(topic.topicId(), topic.name());
    }
    asking = false;
    learnt.run();
  }

  long holds() {
    return asked.size() * ASKED_BYTES;
  }
}
