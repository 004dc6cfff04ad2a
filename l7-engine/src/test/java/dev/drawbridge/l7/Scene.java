package dev.drawbridge.l7;

import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.PolicyInput;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.ContainerPolicy;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.parse.LabelParser;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * An engine with one caller, app=api, and one callee, app=db, in the namespace of the test. Does
 * not model: the kernel (every connection is claimed at once, with one origin), onward identities.
 */
final class Scene implements AutoCloseable {
  static final int API = 256;
  static final int DB = 257;

  /** A container without labels of its own. */
  static final int EVE = 258;

  final L7Engine engine;
  final EngineListener listener;
  final Queue<AccessRecord> records = new ConcurrentLinkedQueue<>();
  volatile int caller = API;
  volatile int callee = DB;

  /** Callers by the address that they connect from; whoever is not in it is {@link #caller}. */
  final Map<InetAddress, Integer> callers = new ConcurrentHashMap<>();

  volatile boolean unclaimed;
  volatile boolean forgetful;
  volatile boolean kernelRefuses;
  private long generation;

  Scene(InetSocketAddress callee, String... rulesOnDb) throws Exception {
    this(EngineLimits.defaults(), callee, rulesOnDb);
  }

  Scene(EngineLimits limits, InetSocketAddress callee, String... rulesOnDb) throws Exception {
    engine =
        new L7Engine(
            limits,
            peer -> peer == API ? "api" : peer == DB ? "db" : peer == EVE ? "eve" : "",
            (_, remote, _) ->
                unclaimed
                    ? Optional.empty()
                    : Optional.of(
                        origin(callers.getOrDefault(remote.getAddress(), caller), callee)),
            (fd, caller, to, port) -> speakFor(fd),
            this::keep);
    publish(rulesOnDb);
    listener = engine.listen(NetnsHandle.current());
  }

  private ConnectionOrigin origin(int peer, InetSocketAddress where) {
    return new ConnectionOrigin(peer, callee, where, peer != API);
  }

  /** An address of the loopback network from which that caller connects from now on. */
  InetAddress address(int peer, int number) throws IOException {
    InetAddress address =
        InetAddress.getByAddress(
            new byte[] {127, (byte) (peer % 100 + 10), (byte) (number >> 8), (byte) (number + 2)});
    callers.put(address, peer);
    return address;
  }

  private void speakFor(int fd) throws IOException {
    if (fd < 0 || kernelRefuses) {
      throw new IOException("refused");
    }
  }

  private void keep(AccessRecord access) {
    if (!forgetful) {
      records.add(access);
    }
  }

  /** What a record says under that name. */
  static Object said(AccessRecord record, String field) {
    return record.asked().fields().getOrDefault(field, "");
  }

  /** Status of an answer, 0 if there was none. */
  static int status(AccessRecord record) {
    return record.asked().fields().get("status") instanceof Long status ? status.intValue() : 0;
  }

  void publish(String... rulesOnDb) {
    engine.publish(policy(++generation, rulesOnDb));
  }

  /** With rules of the caller's own, for what goes out. */
  void publishEgress(String... rulesOnApi) {
    Map<String, String> labels = new HashMap<>();
    labels.put("app", "api");
    for (int i = 0; i < rulesOnApi.length; i++) {
      labels.put("drawbridge.policy.r" + i, rulesOnApi[i]);
    }
    engine.publish(policy(++generation, labels, Map.of("app", "db")));
  }

  static Policy policy(long generation, String... rulesOnDb) {
    Map<String, String> labels = new HashMap<>();
    labels.put("app", "db");
    for (int i = 0; i < rulesOnDb.length; i++) {
      if (rulesOnDb[i].startsWith("mode ")) {
        labels.put("drawbridge.mode", rulesOnDb[i].substring(5));
      } else {
        labels.put("drawbridge.policy.r" + i, rulesOnDb[i]);
      }
    }
    return policy(generation, Map.of("app", "api"), labels);
  }

  private static Policy policy(long generation, Map<String, String> api, Map<String, String> db) {
    return Policy.compile(
        new PolicyInput(
            generation,
            List.of(
                new Member(API, Workload.of("api", api), parsed(api)),
                new Member(DB, Workload.of("db", db), parsed(db)),
                new Member(EVE, Workload.of("eve", Map.of()), parsed(Map.of()))),
            HostPolicy.NONE,
            false));
  }

  private static ContainerPolicy parsed(Map<String, String> labels) {
    Parsed<ContainerPolicy> parsed = LabelParser.parse(labels);
    if (!parsed.ok()) {
      throw new IllegalArgumentException(parsed.problems().toString());
    }
    return parsed.value();
  }

  @Override
  public void close() {
    engine.close();
  }
}
