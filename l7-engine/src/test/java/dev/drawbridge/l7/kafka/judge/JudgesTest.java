package dev.drawbridge.l7.kafka.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.kafka.frame.Message;
import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import dev.drawbridge.policy.kafka.KafkaAsk;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** SPEC K4, K5, K6: every key, in every version, allowed and refused. */
final class JudgesTest {
  private static final Uuid GOOD = new Uuid(1, 1);
  private static final Uuid BAD = new Uuid(2, 2);
  private static final Uuid UNKNOWN = new Uuid(3, 3);

  /** Whoever may have what is called good. */
  private static Rights rights(boolean all) {
    TopicNames names = new TopicNames();
    names.learn(GOOD, "good");
    names.learn(BAD, "bad");
    return new Rights(
        ask -> {
          boolean may = all || ask.name().equals("good") || ask.right() == KafkaAsk.Right.CONVERSE;
          return new Verdict(
              may ? Decision.ALLOW : Decision.DENY,
              may ? Reason.RULE_ALLOWS : Reason.NO_RULE,
              1,
              1,
              false);
        },
        names);
  }

  private static Rights nothing() {
    return new Rights(
        _ -> new Verdict(Decision.DENY, Reason.NO_RULE, 1, 0, false), new TopicNames());
  }

  static Stream<ApiKeys> judged() {
    return Stream.of(ApiKeys.values()).filter(api -> Judges.of(api) != null);
  }

  /** As it comes over the wire. */
  private static Request read(ApiKeys api, short version, ApiMessage data) throws Exception {
    var header = new RequestHeaderData().setCorrelationId(7).setClientId("c");
    ByteBuffer frame = Message.write(api, version, header, data);
    frame.position(Message.LENGTH);
    Request request = Message.request(api, version, frame.slice());
    assertEquals(7, request.correlation());
    return request;
  }

  private static Ruling judge(Request request, Rights rights) {
    return Objects.requireNonNull(Judges.of(request.api())).judge(request, request.data(), rights);
  }

  /** As the client would read it. */
  private static ApiMessage answered(Request request, ApiMessage answer) throws Exception {
    ByteBuffer frame =
        Message.writeAnswer(request.api(), request.version(), request.correlation(), answer);
    frame.position(Message.LENGTH);
    return Message.answer(request.api(), request.version(), frame.slice());
  }

  @ParameterizedTest
  @MethodSource("judged")
  void everyVersionIsReadJudgedAndAnswered(ApiKeys api) throws Exception {
    ApiJudge<ApiMessage> judge = Objects.requireNonNull(Judges.of(api));
    for (short v = api.oldestVersion(); v <= judge.newest(api); v++) {
      ApiMessage data = api.messageType.newRequest();
      assertFalse(judge(read(api, v, data), rights(true)) instanceof Ruling.Ended, api.name + v);
      Request request = read(api, v, data);
      switch (judge(request, nothing())) {
        case Ruling.Answered(var answer) -> answered(request, answer);
        // As it is made, it has values that no broker takes.
        case Ruling.Ended() -> assertEquals(ApiKeys.DESCRIBE_ACLS, api);
        // It names nothing, so that nothing is asked.
        case Ruling.Passed _, Ruling.Changed _ ->
            assertTrue(
                List.of(
                        "Produce",
                        "Fetch",
                        "ListOffsets",
                        "OffsetFetch",
                        "OffsetForLeaderEpoch",
                        "DescribeGroups",
                        "DescribeProducers",
                        "FindCoordinator",
                        "DescribeTransactions",
                        "ConsumerGroupDescribe")
                    .contains(api.name),
                api.name + v);
        case Ruling.ChangedThenEnded _ -> throw new AssertionError(api.name + v);
      }
    }
  }

  @Test
  void whatFollowsARequestIsNoPartOfIt() throws Exception {
    ByteBuffer groups = longer(ApiKeys.LIST_GROUPS, new ListGroupsRequestData());
    assertThrows(
        Message.Unreadable.class,
        () -> Message.request(ApiKeys.LIST_GROUPS, ApiKeys.LIST_GROUPS.latestVersion(), groups));
    // As librdkafka 2.8 asks for all topics.
    ByteBuffer metadata = longer(ApiKeys.METADATA, new MetadataRequestData());
    assertTrue(
        Message.request(ApiKeys.METADATA, ApiKeys.METADATA.latestVersion(), metadata).followed());
  }

  private static ByteBuffer longer(ApiKeys api, ApiMessage data) {
    var header = new RequestHeaderData().setCorrelationId(7);
    ByteBuffer frame = Message.write(api, api.latestVersion(), header, data);
    ByteBuffer longer = ByteBuffer.allocate(frame.remaining() + 3).put(frame).rewind();
    return longer.position(Message.LENGTH).slice();
  }

  @Test
  void theTableOfSpecNamesEveryKeyThatIsJudged() throws Exception {
    String spec = Files.readString(Path.of("../labels-spec/SPEC.md"));
    String table = spec.substring(spec.indexOf("**K4**"), spec.indexOf("**K5**"));
    String nobody = table.substring(table.indexOf("| nobody |"));
    var words = new TreeSet<>(List.of(table.split("[^A-Za-z]+", -1)));
    for (ApiKeys api : ApiKeys.values()) {
      String name = api.name.replaceAll("[^A-Za-z]", "");
      if (Judges.of(api) != null) {
        assertTrue(words.contains(name), api.name);
      } else {
        assertFalse(
            table.substring(0, table.indexOf("| nobody |")).contains(" " + name + ","), api.name);
      }
    }
    assertTrue(nobody.contains("KIP-932") && nobody.contains("KIP-1071"));
  }

  @Test
  void whatABrokerUnderstandsIsCut() {
    var versions = new ApiVersionsResponseData();
    for (int key : new int[] {0, 1, 68, 71, 78, 88, 1000}) {
      versions
          .apiKeys()
          .add(
              new ApiVersion()
                  .setApiKey((short) key)
                  .setMinVersion((short) 0)
                  .setMaxVersion((short) 99));
    }
    var request =
        new Request(
            ApiKeys.API_VERSIONS,
            (short) 4,
            new RequestHeaderData(),
            ApiKeys.API_VERSIONS.messageType.newRequest(),
            false,
            0);
    Ruling.Passed passed = assertInstanceOf(Ruling.Passed.class, judge(request, rights(true)));
    Objects.requireNonNull(passed.amending()).amend(versions);
    List<String> left = new ArrayList<>();
    for (ApiVersion one : versions.apiKeys()) {
      left.add(one.apiKey() + ":" + one.minVersion() + "-" + one.maxVersion());
    }
    assertEquals(List.of("0:0-13", "1:4-18", "68:0-0"), left);
  }

  private static ProduceRequestData produce(short version, int acks) {
    var data = new ProduceRequestData().setAcks((short) acks);
    for (Uuid id : List.of(GOOD, BAD, UNKNOWN)) {
      boolean byId = version >= ProduceJudge.FIRST_WITH_IDS;
      if (!byId && id.equals(UNKNOWN)) {
        continue;
      }
      data.topicData()
          .add(
              new TopicProduceData()
                  .setName(byId ? "" : id.equals(GOOD) ? "good" : "bad")
                  .setTopicId(byId ? id : Uuid.ZERO_UUID)
                  .setPartitionData(
                      List.of(new PartitionProduceData().setRecords(MemoryRecords.EMPTY))));
    }
    return data;
  }

  @Test
  void aProduceGoesOnWithoutWhatIsRefused() throws Exception {
    for (short v = ApiKeys.PRODUCE.oldestVersion(); v <= ApiKeys.PRODUCE.latestVersion(); v++) {
      Request request = read(ApiKeys.PRODUCE, v, produce(v, 1));
      Ruling.Changed changed =
          assertInstanceOf(Ruling.Changed.class, judge(request, rights(false)));
      assertEquals(1, ((ProduceRequestData) changed.data()).topicData().size());
      ApiMessage answer =
          Objects.requireNonNull(changed.amending()).amend(new ProduceResponseData());
      var read = (ProduceResponseData) answered(request, answer);
      List<Short> errors = new ArrayList<>();
      read.responses().forEach(t -> errors.add(t.partitionResponses().getFirst().errorCode()));
      assertEquals(
          v >= ProduceJudge.FIRST_WITH_IDS
              ? List.of(Errors.TOPIC_AUTHORIZATION_FAILED.code(), Errors.UNKNOWN_TOPIC_ID.code())
              : List.of(Errors.TOPIC_AUTHORIZATION_FAILED.code()),
          errors);
      assertInstanceOf(
          Ruling.ChangedThenEnded.class,
          judge(read(ApiKeys.PRODUCE, v, produce(v, 0)), rights(false)));
    }
  }

  @Test
  void aFetchOpensNoSessionAndGoesOnWithoutWhatIsRefused() throws Exception {
    for (short v = ApiKeys.FETCH.oldestVersion(); v <= ApiKeys.FETCH.latestVersion(); v++) {
      boolean byId = v >= FetchJudge.FIRST_WITH_IDS;
      var data = new FetchRequestData().setMaxWaitMs(500).setMaxBytes(50 << 20);
      if (v >= 7) {
        data.setSessionEpoch(0);
      }
      for (Uuid id : List.of(GOOD, BAD)) {
        data.topics()
            .add(
                new FetchRequestData.FetchTopic()
                    .setTopic(byId ? "" : id.equals(GOOD) ? "good" : "bad")
                    .setTopicId(byId ? id : Uuid.ZERO_UUID)
                    .setPartitions(List.of(new FetchRequestData.FetchPartition())));
      }
      Request request = read(ApiKeys.FETCH, v, data);
      Ruling.Changed changed =
          assertInstanceOf(Ruling.Changed.class, judge(request, rights(false)));
      var onward = (FetchRequestData) changed.data();
      assertEquals(1, onward.topics().size());
      assertEquals(-1, onward.sessionEpoch());
      assertEquals(0, onward.maxWaitMs());
      var read =
          (FetchResponseData)
              answered(
                  request,
                  Objects.requireNonNull(changed.amending()).amend(new FetchResponseData()));
      assertEquals(
          Errors.TOPIC_AUTHORIZATION_FAILED.code(),
          read.responses().getFirst().partitions().getFirst().errorCode());
      if (v >= 7) {
        Request incremental =
            read(ApiKeys.FETCH, v, new FetchRequestData().setSessionId(5).setSessionEpoch(3));
        Ruling.Answered again =
            assertInstanceOf(Ruling.Answered.class, judge(incremental, rights(true)));
        assertEquals(
            Errors.FETCH_SESSION_ID_NOT_FOUND.code(),
            ((FetchResponseData) answered(incremental, again.answer())).errorCode());
      }
    }
  }

  @Test
  void aReplicaIsNoConsumer() throws Exception {
    for (short v : new short[] {4, 14, 15, 18}) {
      var data = new FetchRequestData();
      if (v < 15) {
        data.setReplicaId(2);
      } else {
        data.replicaState().setReplicaId(2);
      }
      assertInstanceOf(
          Ruling.Answered.class, judge(read(ApiKeys.FETCH, v, data), rights(false)), "" + v);
    }
  }

  @Test
  void metadataTellsOfWhatMayBeSeen() throws Exception {
    for (short v = 0; v <= ApiKeys.METADATA.latestVersion(); v++) {
      for (boolean all : new boolean[] {true, false}) {
        var data = new MetadataRequestData().setAllowAutoTopicCreation(true);
        data.setTopics(all && v > 0 ? null : new ArrayList<>());
        if (!all) {
          data.topics().add(new MetadataRequestData.MetadataRequestTopic().setName("bad"));
          data.topics().add(new MetadataRequestData.MetadataRequestTopic().setName("good"));
        }
        Request request = read(ApiKeys.METADATA, v, data);
        Ruling ruling = judge(request, rights(false));
        Ruling.Amending amending;
        if (ruling instanceof Ruling.Changed(var sent, var version, var how)) {
          assertFalse(((MetadataRequestData) sent).allowAutoTopicCreation());
          assertTrue(version >= 4);
          amending = how;
        } else {
          assertTrue(all);
          amending = assertInstanceOf(Ruling.Passed.class, ruling).amending();
        }
        var answer = new MetadataResponseData();
        answer.topics().add(new MetadataResponseTopic().setName("bad").setTopicId(BAD));
        answer.topics().add(new MetadataResponseTopic().setName("good").setTopicId(GOOD));
        var read =
            (MetadataResponseData)
                answered(request, Objects.requireNonNull(amending).amend(answer));
        MetadataResponseTopic bad = read.topics().find("bad");
        assertEquals(0, Objects.requireNonNull(read.topics().find("good")).errorCode());
        if (all) {
          assertEquals(1, read.topics().size());
        } else {
          assertEquals(
              Errors.TOPIC_AUTHORIZATION_FAILED.code(), Objects.requireNonNull(bad).errorCode());
          assertEquals(Uuid.ZERO_UUID, bad.topicId());
        }
      }
    }
  }

  @Test
  void offsetsAreKeptTopicByTopic() throws Exception {
    for (short v = ApiKeys.OFFSET_COMMIT.oldestVersion();
        v <= ApiKeys.OFFSET_COMMIT.latestVersion();
        v++) {
      boolean byId = v >= 10;
      var data = new OffsetCommitRequestData().setGroupId("good");
      for (Uuid id : byId ? List.of(GOOD, BAD, UNKNOWN) : List.of(GOOD, BAD)) {
        data.topics()
            .add(
                new OffsetCommitRequestData.OffsetCommitRequestTopic()
                    .setName(byId ? "" : id.equals(GOOD) ? "good" : "bad")
                    .setTopicId(byId ? id : Uuid.ZERO_UUID)
                    .setPartitions(
                        List.of(
                            new OffsetCommitRequestData.OffsetCommitRequestPartition()
                                .setCommittedMetadata(""))));
      }
      Request request = read(ApiKeys.OFFSET_COMMIT, v, data);
      Ruling.Changed changed =
          assertInstanceOf(Ruling.Changed.class, judge(request, rights(false)));
      assertEquals(1, ((OffsetCommitRequestData) changed.data()).topics().size());
      var read =
          (OffsetCommitResponseData)
              answered(
                  request,
                  Objects.requireNonNull(changed.amending()).amend(new OffsetCommitResponseData()));
      List<Short> errors =
          read.topics().stream().map(t -> t.partitions().getFirst().errorCode()).toList();
      assertEquals(
          byId
              ? List.of(Errors.TOPIC_AUTHORIZATION_FAILED.code(), Errors.UNKNOWN_TOPIC_ID.code())
              : List.of(Errors.TOPIC_AUTHORIZATION_FAILED.code()),
          errors);
    }
  }
}
