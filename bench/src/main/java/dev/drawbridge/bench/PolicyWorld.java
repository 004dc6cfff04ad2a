package dev.drawbridge.bench;

import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.ContainerPolicy;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.parse.HostPolicyParser;
import dev.drawbridge.policy.parse.LabelParser;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A thousand containers and rules among them: four of five about HTTP, the fifth about a port. */
final class PolicyWorld {
  static final int CONTAINERS = 1000;

  /** The container that changes. */
  static final int CHANGED = 500;

  /** Containers that declare nothing. */
  private static final List<Member> NO_LABELS = spread(0).members();

  private PolicyWorld() {}

  /** The rules are labels, spread over the containers. */
  static PolicyInput spread(int rules) {
    List<Member> members = new ArrayList<>();
    for (int i = 0; i < CONTAINERS; i++) {
      members.add(member(i, rulesOf(i, rules), ""));
    }
    return new PolicyInput(1, members, HostPolicy.NONE, false);
  }

  static int rulesOf(int container, int rules) {
    return rules / CONTAINERS + (container < rules % CONTAINERS ? 1 : 0);
  }

  /** One container; {@code suffix} makes its rules others. */
  static Member member(int i, int rules, String suffix) {
    TreeMap<String, String> labels = new TreeMap<>();
    labels.put("app", "app" + i);
    labels.put("tier", "t" + i % 10);
    labels.put("com.docker.compose.project", "p" + i % 50);
    for (int r = 0; r < rules; r++) {
      String peer = "app=app" + caller(i, r);
      labels.put(
          "drawbridge.policy.r" + r,
          r % 5 == 4
              ? peer + " may connect " + (5000 + r)
              : peer + " may GET,POST /svc" + r + suffix + "/*/items/**");
    }
    return new Member(Peers.FIRST_ENDPOINT + i, Workload.of("c" + i, labels), parsed(labels));
  }

  private static ContainerPolicy parsed(Map<String, String> labels) {
    Parsed<ContainerPolicy> parsed = LabelParser.parse(labels);
    if (!parsed.ok()) {
      throw new IllegalStateException(parsed.problems().getFirst().oneLine());
    }
    return parsed.value();
  }

  /** Which container the r-th rule of container i is about. */
  static int caller(int i, int r) {
    return (i * 7 + r * 13 + 1) % CONTAINERS;
  }

  /** The rules are lines of a host policy; the line in the middle says {@code changed}. */
  static PolicyInput hostFile(int rules, String changed) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < rules; i++) {
      lines.add("app=app" + i % 997 + " may GET /p" + i + " on app=app" + i * 3 % CONTAINERS);
    }
    lines.set(rules / 2, "app=app1 may POST /" + changed + " on app=app2");
    return new PolicyInput(1, NO_LABELS, host(lines), false);
  }

  /** Every rule is between the same two containers. */
  static PolicyInput onePair(int rules) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < rules; i++) {
      lines.add("app=app0 may GET /service" + i + "/*/items/** on app=app1");
    }
    return new PolicyInput(1, spread(0).members(), host(lines), false);
  }

  private static HostPolicy host(List<String> lines) {
    Parsed<HostPolicy> parsed = HostPolicyParser.parse("bench.policy", String.join("\n", lines));
    if (!parsed.ok()) {
      throw new IllegalStateException(parsed.problems().getFirst().oneLine());
    }
    return parsed.value();
  }

  static PolicyInput next(PolicyInput input, long generation) {
    return new PolicyInput(generation, input.members(), input.host(), input.defaultDeny());
  }

  static PolicyInput with(PolicyInput input, long generation, Member changed) {
    List<Member> members = new ArrayList<>(input.members());
    members.set(changed.endpoint() - Peers.FIRST_ENDPOINT, changed);
    return new PolicyInput(
        generation, Collections.unmodifiableList(members), input.host(), input.defaultDeny());
  }
}
