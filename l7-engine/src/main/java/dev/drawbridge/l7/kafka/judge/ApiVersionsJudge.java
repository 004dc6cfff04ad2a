package dev.drawbridge.l7.kafka.judge;

import dev.drawbridge.l7.kafka.frame.Request;
import dev.drawbridge.policy.kafka.KafkaAsk;
import java.util.Iterator;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;

/** What a broker understands is cut to what is understood here. */
public final class ApiVersionsJudge implements ApiJudge<ApiVersionsRequestData> {
  @Override
  public Ruling judge(Request request, ApiVersionsRequestData data, Rights rights) {
    return rights.may(KafkaAsk.Right.CONVERSE)
        ? new Ruling.Passed(ApiVersionsJudge::cut)
        : ApiJudge.refused(request, Errors.CLUSTER_AUTHORIZATION_FAILED);
  }

  private static ApiMessage cut(ApiMessage answer) {
    var versions = (ApiVersionsResponseData) answer;
    for (Iterator<ApiVersion> all = versions.apiKeys().iterator(); all.hasNext(); ) {
      ApiVersion one = all.next();
      if (!cut(one)) {
        all.remove();
      }
    }
    return versions;
  }

  /** Whether something is left of it. */
  private static boolean cut(ApiVersion one) {
    if (!ApiKeys.hasId(one.apiKey())) {
      return false;
    }
    ApiKeys api = ApiKeys.forId(one.apiKey());
    ApiJudge<ApiMessage> judge = Judges.of(api);
    if (judge == null) {
      return false;
    }
    one.setMaxVersion((short) Math.min(one.maxVersion(), judge.newest(api)));
    if (api != ApiKeys.PRODUCE) {
      // Of Produce a broker names versions that it has not: older librdkafka wants them named.
      one.setMinVersion((short) Math.max(one.minVersion(), api.oldestVersion()));
    }
    return one.minVersion() <= one.maxVersion();
  }

  /** The answer to a version that is not known, in version 0, as a broker gives it: KIP-511. */
  public static ApiVersionsResponseData unsupported() {
    var answer = new ApiVersionsResponseData().setErrorCode(Errors.UNSUPPORTED_VERSION.code());
    answer
        .apiKeys()
        .add(
            new ApiVersion()
                .setApiKey(ApiKeys.API_VERSIONS.id)
                .setMinVersion(ApiKeys.API_VERSIONS.oldestVersion())
                .setMaxVersion(ApiKeys.API_VERSIONS.latestVersion()));
    return answer;
  }
}
