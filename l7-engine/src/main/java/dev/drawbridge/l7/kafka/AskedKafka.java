package dev.drawbridge.l7.kafka;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.l7.kafka.judge.Rights;
import dev.drawbridge.l7.relay.Recorded;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One Kafka request.
 *
 * @param verb what rules call it; {@code describe} and {@code converse} are no words of rules
 * @param api its name as Kafka writes it, such as {@code Produce}; empty if it could not be read
 * @param topics that it may have; names, or ids of topics that nobody knows
 * @param refused that it may not
 * @param clientId as the client calls itself
 * @param group whose member it comes from; empty where it is about none
 */
public record AskedKafka(
    String verb,
    String api,
    int version,
    List<String> topics,
    List<String> refused,
    String clientId,
    String group)
    implements Asked.Spoken {
  /** A request that could not be read. */
  static final AskedKafka UNREAD = new AskedKafka("unread", "", 0, List.of(), List.of(), "", "");

  public AskedKafka {
    topics = List.copyOf(topics);
    refused = List.copyOf(refused);
  }

  /** As records say it of what a client sent. */
  static AskedKafka of(Request request, Rights rights) {
    String client = request.header().clientId();
    return new AskedKafka(
        rights.verb().isEmpty() ? UNREAD.verb() : rights.verb(),
        request.api().name,
        request.version(),
        Recorded.list(rights.allowed()),
        Recorded.list(rights.refused()),
        Recorded.text(client == null ? "" : client),
        Recorded.text(rights.group()));
  }

  @Override
  public String protocol() {
    return "kafka";
  }

  @Override
  public String text() {
    var words = new ArrayList<String>();
    words.add("kafka");
    if (!api.isEmpty()) {
      words.add(api + "/" + version);
    }
    if (!topics.isEmpty()) {
      words.add(String.join(",", topics));
    }
    if (!refused.isEmpty()) {
      words.add("refused=" + String.join(",", refused));
    }
    if (!group.isEmpty()) {
      words.add("group=" + group);
    }
    return String.join(" ", words);
  }

  @Override
  public Map<String, Object> fields() {
    return Asked.fields(
        "verb", verb,
        "api", api,
        "apiVersion", version,
        "topics", topics,
        "refusedTopics", refused,
        "clientId", clientId,
        "group", group);
  }
}
