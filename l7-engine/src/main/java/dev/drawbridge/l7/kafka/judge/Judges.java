package dev.drawbridge.l7.kafka.judge;

import static dev.drawbridge.policy.kafka.KafkaAsk.Right.ADMINISTER;
import static dev.drawbridge.policy.kafka.KafkaAsk.Right.CONVERSE;

import java.util.EnumMap;
import java.util.Map;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Who judges which API key: the one place that lists them. A key that is not here is not known to
 * clients: it is taken out of what a broker says it understands, and never goes on. SPEC K4 is this
 * table in words.
 */
public final class Judges {
  private static final Map<ApiKeys, ApiJudge<?>> ALL = all();

  private Judges() {}

  private static Map<ApiKeys, ApiJudge<?>> all() {
    var all = new EnumMap<ApiKeys, ApiJudge<?>>(ApiKeys.class);
    all.put(ApiKeys.PRODUCE, new ProduceJudge());
    all.put(ApiKeys.FETCH, new FetchJudge());
    all.put(ApiKeys.METADATA, new MetadataJudge());
    all.put(ApiKeys.API_VERSIONS, new ApiVersionsJudge());
    all.put(ApiKeys.SASL_HANDSHAKE, new SaslHandshakeJudge());
    all.put(ApiKeys.SASL_AUTHENTICATE, new RightJudge(CONVERSE));
    all.put(ApiKeys.DESCRIBE_CLUSTER, new RightJudge(CONVERSE));
    for (ApiJudge<?> judge : TopicJudges.ALL) {
      all.put(((TopicJudge<?, ?, ?>) judge).api(), judge);
    }
    all.put(ApiKeys.DESCRIBE_TOPIC_PARTITIONS, new DescribeTopicsJudge());
    for (var entry : GroupJudges.ALL.entrySet()) {
      all.put(entry.getKey(), entry.getValue());
    }
    for (var entry : TransactionJudges.ALL.entrySet()) {
      all.put(entry.getKey(), entry.getValue());
    }
    var cluster = new RightJudge(ADMINISTER);
    var topics = new RightJudge(ADMINISTER, Errors.TOPIC_AUTHORIZATION_FAILED);
    for (ApiKeys api :
        new ApiKeys[] {
          ApiKeys.CREATE_TOPICS,
          ApiKeys.DELETE_TOPICS,
          ApiKeys.DELETE_RECORDS,
          ApiKeys.CREATE_PARTITIONS,
        }) {
      all.put(api, topics);
    }
    var groups = new RightJudge(ADMINISTER, Errors.GROUP_AUTHORIZATION_FAILED);
    all.put(ApiKeys.DELETE_GROUPS, groups);
    all.put(ApiKeys.OFFSET_DELETE, groups);
    for (ApiKeys api :
        new ApiKeys[] {
          ApiKeys.DESCRIBE_ACLS,
          ApiKeys.CREATE_ACLS,
          ApiKeys.DELETE_ACLS,
          ApiKeys.DESCRIBE_CONFIGS,
          ApiKeys.ALTER_CONFIGS,
          ApiKeys.INCREMENTAL_ALTER_CONFIGS,
          ApiKeys.LIST_CONFIG_RESOURCES,
          ApiKeys.ALTER_REPLICA_LOG_DIRS,
          ApiKeys.DESCRIBE_LOG_DIRS,
          ApiKeys.CREATE_DELEGATION_TOKEN,
          ApiKeys.RENEW_DELEGATION_TOKEN,
          ApiKeys.EXPIRE_DELEGATION_TOKEN,
          ApiKeys.DESCRIBE_DELEGATION_TOKEN,
          ApiKeys.ELECT_LEADERS,
          ApiKeys.ALTER_PARTITION_REASSIGNMENTS,
          ApiKeys.LIST_PARTITION_REASSIGNMENTS,
          ApiKeys.DESCRIBE_CLIENT_QUOTAS,
          ApiKeys.ALTER_CLIENT_QUOTAS,
          ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS,
          ApiKeys.ALTER_USER_SCRAM_CREDENTIALS,
          ApiKeys.DESCRIBE_QUORUM,
          ApiKeys.UPDATE_FEATURES,
          ApiKeys.UNREGISTER_BROKER,
          ApiKeys.UNREGISTER_CONTROLLER,
          ApiKeys.ADD_RAFT_VOTER,
          ApiKeys.REMOVE_RAFT_VOTER,
          ApiKeys.WRITE_TXN_MARKERS,
        }) {
      all.put(api, cluster);
    }
    return all;
  }

  /** Who judges that key; null: nobody, so that it is refused. */
  @SuppressWarnings("unchecked") // Each is listed under the key whose class it takes.
  public static @Nullable ApiJudge<ApiMessage> of(ApiKeys api) {
    return (ApiJudge<ApiMessage>) ALL.get(api);
  }

  /** Whether requests of that key and version are understood. */
  public static boolean understands(ApiKeys api, short version) {
    ApiJudge<ApiMessage> judge = of(api);
    return judge != null && version >= api.oldestVersion() && version <= judge.newest(api);
  }
}
