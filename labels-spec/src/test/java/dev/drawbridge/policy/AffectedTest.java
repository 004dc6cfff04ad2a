package dev.drawbridge.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.drawbridge.policy.compile.Side;
import dev.drawbridge.policy.kernel.NetworkEntry;
import dev.drawbridge.policy.kernel.PairEntry;
import dev.drawbridge.policy.kernel.PortRange;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.parse.HostPolicyParser;
import dev.drawbridge.policy.parse.LabelParser;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Sides that a generation takes over unseen. Each case compares with a compile from nothing, which
 * takes over none: who is forgotten in {@link Affected} keeps rules that no longer hold.
 */
final class AffectedTest {
  private static final int FIRST = Peers.FIRST_ENDPOINT;
  private static final int CONTAINERS = 7;

  private final Map<Integer, Map<String, String>> labels = new TreeMap<>();
  private String host = "";
  private boolean deny;
  private long generation;
  private Policy policy = Policy.empty();

  private void container(int number, String... pairs) {
    var all = new HashMap<String, String>();
    for (int i = 0; i < pairs.length; i += 2) {
      all.put(pairs[i], pairs[i + 1]);
    }
    labels.put(FIRST + number, all);
  }

  private PolicyInput input() {
    var members = new ArrayList<Member>();
    labels.forEach((endpoint, own) ->
        members.add(
            new Member(
                endpoint, Workload.of("c" + endpoint, own), LabelParser.parse(own).value())));
    Parsed<HostPolicy> parsed = HostPolicyParser.parse("h", host);
    assertEquals(List.of(), parsed.problems().stream().filter(AffectedTest::isError).toList());
    return new PolicyInput(++generation, members, parsed.value(), deny);
  }

  private static boolean isError(Problem problem) {
    return problem.severity() == Severity.ERROR;
  }

  /** Compiles the next generation and compares it, side by side, with one from nothing. */
  private void step(String after) {
    PolicyInput input = input();
    policy = policy.next(input);
    Policy full = Policy.compile(input);
    for (int endpoint : labels.keySet()) {
      for (Direction direction : Direction.values()) {
        String side = after + ": " + direction + " of " + endpoint;
        assertEquals(full.closed(endpoint, direction), policy.closed(endpoint, direction), side);
        assertEquals(
            full.closedByHost(endpoint, direction), policy.closedByHost(endpoint, direction), side);
        assertEquals(
            entries(full, endpoint, direction), entries(policy, endpoint, direction), side);
      }
      assertEquals(full.mode(endpoint), policy.mode(endpoint), after);
    }
    assertEquals(
        full.networks().stream().map(NetworkEntry::range).toList(),
        policy.networks().stream().map(NetworkEntry::range).toList(),
        after);
  }

  /** By peer, a range by its address; rules by their text, for numbers outlive generations. */
  private static Map<String, List<String>> entries(Policy of, int endpoint, Direction direction) {
    var ranges = new HashMap<Integer, String>();
    of.networks().forEach(network -> ranges.put(network.peer(), network.range().print()));
    var entries = new TreeMap<String, List<String>>();
    for (PairEntry entry : of.pairs(endpoint, direction)) {
      var ports = new ArrayList<String>();
      for (PortRange range : entry.table().ranges()) {
        String rule = of.rule(range.rule()).map(RuleInfo::text).orElse("-");
        ports.add(
            range.protocol() + ":" + range.low() + "-" + range.high() + range.verdict() + rule);
      }
      entries.put(
          ranges.getOrDefault(entry.peer(), Integer.toString(entry.peer())), List.copyOf(ports));
    }
    return entries;
  }

  private void shop() {
    container(0, "app", "api", "drawbridge.policy.out", "may connect 81 on app=db");
    container(1, "app", "db", "drawbridge.policy.in", "app=api may connect 81");
    container(2, "app", "web", "drawbridge.policy.out", "may connect 82 on world");
    container(3, "app", "free");
    step("begin");
  }

  @Test
  void aRuleOfTheHostThatComesOrGoesReachesWhomItSelects() {
    shop();
    host = "app=api may not connect 83/udp on app=db";
    step("came");
    host = "app=web may not connect 83/udp on app=db";
    step("another caller");
    host = "anyone may not connect 84 on app=free";
    step("anyone");
    host = "app=free may connect 84 on anyone";
    step("closes its caller");
    host = "";
    step("went");
  }

  @Test
  void whoJoinsOrLeavesWhatARuleSelectsIsReached() {
    host = "app=api may not connect 83 on app=db\nanyone may connect 85 on app=web";
    shop();
    container(4, "app", "db");
    step("a second callee");
    container(3, "app", "api");
    step("became a caller");
    labels.remove(FIRST + 1);
    step("a callee left");
    container(0, "app", "else", "drawbridge.policy.out", "may connect 81 on app=db");
    step("was a caller");
  }

  @Test
  void rangesAreTakenOutOfTheWorldOfWhoSpeaksOfIt() {
    shop();
    host = "app=api may connect 443 on 10.1.0.0/16";
    step("a range");
    host = "app=api may connect 443 on 10.1.0.0/16\napp=free may connect 443 on 10.1.2.0/24";
    step("a range in a range");
    host = "";
    step("none");
  }

  @Test
  void rangesOfTheLinkAreTakenOutOfTheHostForWhoSpeaksOfIt() {
    shop();
    container(4, "app", "log", "drawbridge.policy.out", "may connect 514/udp on host");
    step("speaks to the host");
    host = "app=api may connect any on 224.0.0.0/4";
    step("a range");
    host = "app=api may connect any on 224.0.0.0/4\napp=api may connect 80 on 10.0.0.0/8";
    step("another beside it");
    host = "";
    step("none");
  }

  @Test
  void theHostsDefaultReachesEverybody() {
    shop();
    deny = true;
    step("deny");
    deny = false;
    step("allow");
  }

  @Test
  void aGroupOfTheHostThatGetsOtherMembersReachesThemAndWhomTheyLeave() {
    String rule = "\ngroup:some may connect 83 on app=free";
    host = "group some = app=api, app=web" + rule;
    shop();
    host = "group some = app=api" + rule;
    step("one less");
    host = "group some = app=db" + rule;
    step("another");
  }

  @Test
  void aServiceWhoseNameIsSharedFromNowOnReachesWhomItMeant() {
    String service = Workload.SERVICE;
    String project = Workload.PROJECT;
    host = "app=api may connect 83 on service:db\nservice:db may connect 84 on app=web";
    shop();
    container(1, "app", "db", service, "db", project, "one");
    step("one");
    container(4, "app", "other", service, "db", project, "two");
    step("two");
    container(4, "app", "other", service, "db", project, "one");
    step("both of one project");
    container(1, "app", "db", service, "db", project, "two");
    step("the first moved");
    labels.remove(FIRST + 4);
    step("one again");
  }

  @Test
  void whomTheHostAuditsAndClosesIsReached() {
    shop();
    host = "app=db is closed";
    step("closed");
    host = "app=db is closed\napp=db is audited\nanyone may not connect 89 on app=db";
    step("audited");
    container(3, "app", "db");
    step("one more");
    host = "app=db is audited";
    step("open");
    host = "app=db is closed\napp=db is audited";
    step("closed again");
    host = "app=db is closed\napp=db is audited by request";
    step("by request");
    host = "";
    step("nothing");
  }

  @Test
  void anotherModeOrAnotherLabelReachesItsBearer() {
    shop();
    container(
        1, "app", "db", "drawbridge.mode", "audit", "drawbridge.policy.in", "app=web may GET /");
    step("other labels");
  }

  @Test
  void whoIsNotConcernedIsNotPutTogetherAgain() {
    shop();
    PolicyCompiler.Unit free = policy.units.find(FIRST + 3);
    PolicyCompiler.Unit api = policy.units.find(FIRST);
    host = "app=api may not connect 83 on app=db";
    step("a rule about others");
    assertSame(egress(free), egress(policy.units.find(FIRST + 3)));
    assertNotSame(egress(api), egress(policy.units.find(FIRST)));
  }

  private static Side egress(PolicyCompiler.@org.jspecify.annotations.Nullable Unit unit) {
    return java.util.Objects.requireNonNull(unit).egress();
  }

  /** Any history: what the cases above do not name. */
  @Test
  void anyHistoryEqualsACompileFromNothing() {
    var random = new Random(20261128);
    for (int round = 0; round < 1200; round++) {
      int number = random.nextInt(CONTAINERS);
      switch (random.nextInt(5)) {
        case 0 -> labels.remove(FIRST + number);
        case 1, 2 -> host = hostLines(random);
        default -> container(number, own(random));
      }
      deny = round % 40 > 35;
      step("round " + round);
    }
  }

  private static String party(Random random) {
    return switch (random.nextInt(12)) {
      case 0 -> "anyone";
      case 5 -> "internet";
      case 6 -> "lan";
      case 1 -> "10." + random.nextInt(2) + ".0.0/16";
      case 2 -> "10.0.0.0/8 except 10.1.0.0/16";
      case 3 -> "world";
      case 4 -> "host";
      default -> "app=a" + random.nextInt(4);
    };
  }

  private static String app(Random random) {
    return switch (random.nextInt(10)) {
      case 0, 1 -> "anyone";
      case 2, 3 -> "service:s" + random.nextInt(2);
      case 4 -> "group:some";
      case 5 -> "group:some and app=a1";
      default -> "app=a" + random.nextInt(4);
    };
  }

  private static String hostLines(Random random) {
    var text = new StringBuilder("group some = app=a" + random.nextInt(3) + ", service:s0\n");
    if (random.nextInt(3) == 0) {
      text.append("project:p").append(random.nextInt(2)).append(" is closed\n");
    }
    if (random.nextInt(3) == 0) {
      String who = app(random).replace("anyone", "containers");
      text.append(who)
          .append(
              List.of(" is audited\n", " is audited by request\n", " are closed\n")
                  .get(random.nextInt(3)));
    }
    for (int i = random.nextInt(4); i > 0; i--) {
      boolean callee = random.nextBoolean();
      String app = app(random);
      text.append(callee ? party(random) : app)
          .append(List.of(" may not", " may", " may", " may also").get(random.nextInt(4)))
          .append(" connect 8")
          .append(i)
          .append(" on ")
          .append(callee ? app : party(random))
          .append('\n');
    }
    return text.toString();
  }

  private static String[] own(Random random) {
    var own = new ArrayList<>(List.of("app", "a" + random.nextInt(4)));
    if (random.nextBoolean()) {
      own.addAll(
          List.of(
              Workload.SERVICE,
              "s" + random.nextInt(2),
              Workload.PROJECT,
              "p" + random.nextInt(3)));
    }
    if (random.nextInt(4) == 0) {
      own.addAll(List.of("drawbridge.mode", random.nextBoolean() ? "audit" : "off"));
    }
    for (int i = random.nextInt(3); i > 0; i--) {
      String may = random.nextInt(4) == 0 ? "may not connect 9" : "may connect 9";
      own.add("drawbridge.policy.r" + i);
      own.add(
          random.nextBoolean() ? party(random) + " " + may + i : may + i + " on " + party(random));
    }
    return own.toArray(String[]::new);
  }
}
