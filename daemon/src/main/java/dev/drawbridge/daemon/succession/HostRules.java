package dev.drawbridge.daemon.succession;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.parse.HostPolicyParser;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a policy is made of besides the containers: the host's files as they were written, so that
 * an agent of another version reads them by itself.
 *
 * @param files what is in force of each, by name
 */
public record HostRules(boolean defaultDeny, SortedMap<String, String> files) {
  private static final Gson GSON = new Gson();

  /** As it is sent. */
  private record Sent(boolean defaultDeny, Map<String, String> files) {}

  String json() {
    return GSON.toJson(new Sent(defaultDeny, files));
  }

  /** What was sent; empty if it cannot be read. */
  static Optional<HostRules> of(String json) {
    try {
      Sent sent = GSON.fromJson(json, Sent.class);
      return sent == null || sent.files() == null
          ? Optional.empty()
          : Optional.of(new HostRules(sent.defaultDeny(), new TreeMap<>(sent.files())));
    } catch (JsonParseException e) {
      return Optional.empty();
    }
  }

  /** The policy that comes of it for the same containers; empty if a file cannot be read here. */
  Optional<Policy> after(Policy before) {
    HostPolicy all = HostPolicy.NONE;
    for (Map.Entry<String, String> file : files.entrySet()) {
      Parsed<HostPolicy> parsed = HostPolicyParser.parse(file.getKey(), file.getValue());
      if (!parsed.ok()) {
        return Optional.empty();
      }
      all = all.and(parsed.value());
    }
    PolicyInput input = before.input();
    return Optional.of(
        before.next(new PolicyInput(input.generation() + 1, input.members(), all, defaultDeny)));
  }
}
