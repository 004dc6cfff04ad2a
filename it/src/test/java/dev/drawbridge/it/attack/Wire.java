package dev.drawbridge.it.attack;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Puts one question at a time on the wire, from containers, the host and the world to any of them,
 * and says in words what came of it: {@code arrives}, or {@code denied: REASON}.
 */
final class Wire {
  /** The sinks' first port everywhere; the echo container publishes all of them under the same. */
  static final int BASE = 21_000;

  private static final Duration RECORDED = Duration.ofSeconds(3);
  private static final long AT_ONCE_MILLIS = 1_000;

  private final Ground ground;
  private final Map<String, Sink> sinks = new HashMap<>();
  private final Map<String, String> addresses = new HashMap<>();
  private final SortedSet<String> reasons = new TreeSet<>();

  Wire(Ground ground) {
    this.ground = ground;
  }

  /** A container that can be asked. */
  void listens(String container) {
    sinks.put(container, Sink.start(ground, container, BASE));
    addresses.put(container, ground.address4(container));
    addresses.put(container + " v6", ground.address6(container));
    addresses.put(container + " published", LabNetwork.HOST_ADDRESS);
  }

  void hostListens() {
    sinks.put("host", Sink.outside(ground, "host", BASE + 500, ground.lab().network()::onHost));
    addresses.put("host", LabNetwork.HOST_ADDRESS);
  }

  /** The world has several addresses: {@code world}, {@code world .3}, … */
  void worldListens(int... others) {
    sinks.put("world", Sink.outside(ground, "world", BASE, ground.lab().network()::inWorld));
    addresses.put("world", LabNetwork.WORLD_ADDRESS);
    String prefix = LabNetwork.WORLD_ADDRESS.substring(0, LabNetwork.WORLD_ADDRESS.length() - 1);
    for (int other : others) {
      Shell.must(
          ground
              .lab()
              .network()
              .inWorld("ip", "addr", "add", prefix + other + "/24", "dev", "up0")
              .toArray(String[]::new));
      addresses.put("world ." + other, prefix + other);
    }
  }

  /** Every reason that a denial gave so far. */
  SortedSet<String> reasons() {
    return reasons;
  }

  /**
   * Asks.
   *
   * @param from a container, {@code host} or {@code world}
   * @param to a container, with {@code v6} or {@code published} behind it, {@code host}, {@code
   *     world}, {@code world .3}
   * @param door of the attacker, such as {@code tcp}
   */
  String ask(String from, String to, String door) {
    String address = addresses.get(to);
    if (address == null) {
      throw new LabException("nobody listens at " + to);
    }
    return askAt(from, to.split(" ", 2)[0], address, door);
  }

  /**
   * Asks at an address that is no name's.
   *
   * @param callee whose address it is meant to be
   */
  String askAt(String from, String callee, String address, String door) {
    Sink sink = sinks.get(callee);
    if (sink == null) {
      throw new LabException("nobody listens at " + callee);
    }
    long before = lastRecord();
    String run = ground.freshRun();
    Ground.Said said = fire(from, run, address, sink, door);
    // What was told to be sent arrives within a round trip, or never.
    boolean arrived =
        Await.within(Duration.ofMillis(said.sent() ? 1_500 : 20), () -> sink.heard(run, door));
    if (arrived) {
      return "arrives";
    }
    return "denied: "
        + reason(before, from, callee)
        + (said.millis() < AT_ONCE_MILLIS ? "" : ", late");
  }

  private Ground.Said fire(String from, String run, String address, Sink sink, String door) {
    if (!from.equals("host") && !from.equals("world")) {
      return ground.send(from, run, address, sink, door).values().iterator().next();
    }
    String[] command = {
      Ground.attacker().toString(), "send", run, address, Integer.toString(sink.base()), door
    };
    List<String> placed =
        new ArrayList<>(
            from.equals("host")
                ? ground.lab().network().onHost(command)
                : ground.lab().network().inWorld(command));
    Output output = Shell.run(placed.toArray(String[]::new));
    return Ground.said(output.out()).values().iterator().next();
  }

  /** The sequence number of the newest record. */
  long lastRecord() {
    long last = 0;
    for (JsonElement flow : ground.agent().api("/v1/flows?last=1").getAsJsonArray()) {
      last = flow.getAsJsonObject().get("sequence").getAsLong();
    }
    return last;
  }

  private String reason(long after, String from, String to) {
    List<String> found = new ArrayList<>();
    Await.within(
        RECORDED,
        () -> {
          for (JsonElement element :
              ground.agent().api("/v1/flows?last=200&verdict=denied").getAsJsonArray()) {
            JsonObject flow = element.getAsJsonObject();
            if (flow.get("sequence").getAsLong() > after
                && name(flow, "from").equals(from)
                // A part of the world that a rule names has the rule's name for it.
                && (to.equals("world") || name(flow, "to").equals(to))) {
              found.add(flow.get("reason").getAsString());
            }
          }
          return !found.isEmpty();
        });
    String reason = found.isEmpty() ? "no record" : found.getFirst();
    reasons.add(reason);
    return reason;
  }

  private static String name(JsonObject flow, String side) {
    JsonObject party = flow.getAsJsonObject(side);
    return party.get("name").getAsString();
  }
}
