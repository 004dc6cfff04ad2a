package dev.drawbridge.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Mode;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.ask.Known;
import dev.drawbridge.policy.kernel.L4Verdict;
import dev.drawbridge.policy.kernel.PortRange;
import dev.drawbridge.policy.kernel.PortTable;
import dev.drawbridge.policy.language.ContainerPolicy;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.parse.HostPolicyParser;
import dev.drawbridge.policy.parse.LabelParser;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlannerTest {

  private static final EndpointState OPEN =
      new EndpointState(false, false, Mode.ENFORCE, 7, 1000, 1001, 0);
  private static final EndpointState CLOSED =
      new EndpointState(false, true, Mode.ENFORCE, 7, 1000, 1001, 0);
  private static final PairKey PAIR = new PairKey(300, Direction.INGRESS, 301);
  private static final InetAddress ADDRESS = InetAddress.ofLiteral("172.20.0.2");

  private static PortTable table(int port) {
    return new PortTable(List.of(new PortRange(6, port, port, L4Verdict.ALLOW, 1)));
  }

  private static Desired desired(
      Map<Integer, EndpointState> endpoints,
      Map<Cidr, Integer> addresses,
      Map<PairKey, PortTable> pairs) {
    return new Desired(Policy.empty(), endpoints, addresses, pairs);
  }

  /** Executes plans on plain maps, as the daemon does on the kernel's. */
  private static final class Model {
    long generation;
    final Map<Integer, EndpointState> endpoints = new HashMap<>();
    final Map<Cidr, Integer> addresses = new HashMap<>();
    final Map<PairKey, Integer> pairs = new HashMap<>();
    final Map<Integer, PortTable> tables = new HashMap<>();
    final TableUse use = new TableUse();

    Applied applied() {
      return new Applied(
          generation,
          Map.copyOf(endpoints),
          Map.copyOf(addresses),
          Map.copyOf(pairs),
          Map.copyOf(tables));
    }

    void execute(Action action) {
      switch (action) {
        case Action.PutTable(int number, PortTable content) -> {
          assertTrue(!pairs.containsValue(number), "a table that pairs point at never changes");
          tables.put(number, content);
          use.written(number, content);
        }
        case Action.PutPair(PairKey pair, int number) -> {
          assertTrue(
              tables.containsKey(number), "a pair never points at a table that is not there");
          use.pointed(pairs.put(pair, number), number);
        }
        case Action.PutEndpoint(int number, EndpointState state) -> endpoints.put(number, state);
        case Action.PutAddress(Cidr address, int peer) -> addresses.put(address, peer);
        case Action.DropAddress(Cidr address) -> addresses.remove(address);
        case Action.DropPair(PairKey pair) -> use.pointed(pairs.remove(pair), null);
        case Action.DropEndpoint(int number) -> endpoints.remove(number);
        case Action.DropTable(int number) -> {
          assertTrue(!pairs.containsValue(number), "a table that pairs point at is never dropped");
          use.deleted(number, Objects.requireNonNull(tables.remove(number)));
        }
        case Action.SetGeneration(long now) -> generation = now;
      }
    }

    Map<PairKey, PortTable> resolved() {
      Map<PairKey, PortTable> resolved = new HashMap<>();
      pairs.forEach((pair, number) -> resolved.put(pair, tables.get(number)));
      return resolved;
    }
  }

  @Test
  void pairsComeBeforeTheFlagsThatMakeThemCount() {
    List<Action> plan =
        Planner.plan(
            desired(Map.of(300, CLOSED), Map.of(), Map.of(PAIR, table(80))),
            new Applied(1, Map.of(300, OPEN), Map.of(), Map.of(), Map.of()),
            true);
    assertEquals(
        List.of(
            new Action.PutTable(1, table(80)),
            new Action.PutPair(PAIR, 1),
            new Action.PutEndpoint(300, CLOSED),
            new Action.SetGeneration(Policy.empty().generation())),
        plan);
  }

  @Test
  void opensAnEndpointBeforeItsPairsGo() {
    List<Action> plan =
        Planner.plan(
            desired(Map.of(300, OPEN), Map.of(), Map.of()),
            new Applied(1, Map.of(300, CLOSED), Map.of(), Map.of(PAIR, 1), Map.of(1, table(80))),
            true);
    assertEquals(
        List.of(
            new Action.PutEndpoint(300, OPEN),
            new Action.DropPair(PAIR),
            new Action.DropTable(1),
            new Action.SetGeneration(Policy.empty().generation())),
        plan);
  }

  @Test
  void dropsNothingThatItHasNotHeardOfWhileTheListIsMissing() {
    Applied applied =
        new Applied(
            1,
            Map.of(300, CLOSED),
            Map.of(Cidr.single(ADDRESS), 300),
            Map.of(PAIR, 1),
            Map.of(1, table(80)));
    List<Action> plan = Planner.plan(desired(Map.of(), Map.of(), Map.of()), applied, false);
    assertEquals(List.of(new Action.SetGeneration(Policy.empty().generation())), plan);
  }

  @Test
  void replacesRulesOfAContainerItHasHeardOfEvenWithoutTheList() {
    Applied applied =
        new Applied(1, Map.of(300, CLOSED), Map.of(), Map.of(PAIR, 1), Map.of(1, table(80)));
    List<Action> plan =
        Planner.plan(desired(Map.of(300, CLOSED), Map.of(), Map.of()), applied, false);
    assertTrue(plan.contains(new Action.DropPair(PAIR)), plan::toString);
  }

  @Test
  void changesATableByPointingElsewhereNeverInPlace() {
    Applied applied =
        new Applied(1, Map.of(300, CLOSED), Map.of(), Map.of(PAIR, 1), Map.of(1, table(80)));
    List<Action> plan =
        Planner.plan(
            desired(Map.of(300, CLOSED), Map.of(), Map.of(PAIR, table(81))), applied, true);
    assertEquals(
        List.of(
            new Action.PutTable(2, table(81)),
            new Action.PutPair(PAIR, 2),
            new Action.DropTable(1),
            new Action.SetGeneration(Policy.empty().generation())),
        plan);
  }

  @Test
  void equalTablesAreSharedByTheirPairs() {
    PairKey other = new PairKey(301, Direction.INGRESS, Peers.ANY);
    List<Action> plan =
        Planner.plan(
            desired(Map.of(), Map.of(), Map.of(PAIR, table(80), other, table(80))),
            Applied.nothing(),
            true);
    assertEquals(1, plan.stream().filter(Action.PutTable.class::isInstance).count());
  }

  @Test
  void anyHistoryOfPlansEndsInTheLastDesiredState() {
    Random random = new Random(20261123);
    Model model = new Model();
    for (int round = 0; round < 2_000; round++) {
      Desired desired = random(random);
      Planner.plan(desired, model.applied(), true).forEach(model::execute);
      assertEquals(desired.endpoints(), model.endpoints);
      assertEquals(desired.addresses(), model.addresses);
      assertEquals(desired.pairs(), model.resolved());
      assertEquals(Set.copyOf(model.pairs.values()), model.tables.keySet());
    }
  }

  @Test
  void aPlanCutAnywhereIsFinishedByTheNext() {
    Random random = new Random(42);
    Model model = new Model();
    for (int round = 0; round < 1_000; round++) {
      Desired desired = random(random);
      List<Action> plan = Planner.plan(desired, model.applied(), true);
      int cut = random.nextInt(plan.size() + 1);
      Map<PairKey, PortTable> before = model.resolved();
      plan.subList(0, cut).forEach(model::execute);
      model
          .resolved()
          .forEach((pair, content) ->
              assertTrue(
                  content.equals(before.get(pair)) || content.equals(desired.pairs().get(pair)),
                  "a pair is as it was or as it should be"));
      Planner.plan(desired, model.applied(), true).forEach(model::execute);
      assertEquals(desired.pairs(), model.resolved());
    }
  }

  @Test
  void theDifferenceOfTwoDesiredStatesLeadsWhereTheWholePlanLeads() {
    Random random = new Random(20261128);
    Model model = new Model();
    Desired before = random(random);
    Planner.plan(before, model.applied(), true).forEach(model::execute);
    for (int round = 0; round < 2_000; round++) {
      Desired desired = random(random);
      Planner.change(before, desired, model.applied(), model.use).forEach(model::execute);
      assertEquals(desired.endpoints(), model.endpoints);
      assertEquals(desired.addresses(), model.addresses);
      assertEquals(desired.pairs(), model.resolved());
      assertEquals(Set.copyOf(model.pairs.values()), model.tables.keySet(), "no table too many");
      assertEquals(List.of(), Planner.plan(desired, model.applied(), true), "nothing is left");
      before = desired;
    }
  }

  @Test
  void aDifferenceCutAnywhereIsFinishedByTheWholePlan() {
    Random random = new Random(7);
    Model model = new Model();
    Desired before = random(random);
    Planner.plan(before, model.applied(), true).forEach(model::execute);
    for (int round = 0; round < 1_000; round++) {
      Desired desired = random(random);
      List<Action> plan = Planner.change(before, desired, model.applied(), model.use);
      plan.subList(0, random.nextInt(plan.size() + 1)).forEach(model::execute);
      for (Map.Entry<PairKey, PortTable> pair : model.resolved().entrySet()) {
        assertTrue(
            pair.getValue().equals(before.pairs().get(pair.getKey()))
                || pair.getValue().equals(desired.pairs().get(pair.getKey())),
            "a pair is as it was or as it should be");
      }
      Planner.plan(desired, model.applied(), true).forEach(model::execute);
      assertEquals(desired.pairs(), model.resolved());
      before = desired;
    }
  }

  @Test
  void theDifferenceIsInTheOrderOfTheWholePlan() {
    PairKey any = new PairKey(300, Direction.INGRESS, Peers.ANY);
    Desired before = desired(Map.of(300, CLOSED, 301, OPEN), Map.of(), Map.of(PAIR, table(80)));
    Model model = new Model();
    Planner.plan(before, model.applied(), true).forEach(model::execute);
    Cidr address = Cidr.single(ADDRESS);
    assertEquals(
        List.of(
            new Action.PutTable(2, table(81)),
            new Action.PutPair(any, 2),
            new Action.PutEndpoint(300, OPEN),
            new Action.PutAddress(address, 300),
            new Action.DropPair(PAIR),
            new Action.DropEndpoint(301),
            new Action.DropTable(1),
            new Action.SetGeneration(Policy.empty().generation())),
        Planner.change(
            before,
            desired(Map.of(300, OPEN), Map.of(address, 300), Map.of(any, table(81))),
            model.applied(),
            model.use));
  }

  private static HostPolicy hostPolicy(Random random) {
    List<String> lines =
        new ArrayList<>(List.of("group g = app=a0, service:s" + random.nextInt(2)));
    for (String line :
        List.of(
            "project:p0 is closed",
            "project:p1 is audited",
            "group:g are closed",
            "group:g is audited",
            "app=a1 is audited by request",
            "group:g may connect 80 on app=a1",
            "app=a1 may also connect 81 on containers",
            "app=a2 may also GET /x on group:g",
            "service:s0 may connect 82 on service:s1",
            "service:s0 may not connect 80 on app=a1",
            "app=a1 may connect 443 on internet",
            "lan may connect 80 on service:s1")) {
      if (random.nextInt(4) == 0) {
        lines.add(line);
      }
    }
    Parsed<HostPolicy> parsed = HostPolicyParser.parse("h", String.join("\n", lines));
    assertEquals(List.of(), parsed.problems());
    return parsed.value();
  }

  /** Histories of real policies: sides that did not change are skipped, unseen. */
  @Test
  void sidesThatAreTakenOverHaveNoDifference() {
    Random random = new Random(3);
    Map<Integer, GuardedContainer> containers = new TreeMap<>();
    Model model = new Model();
    @Nullable Desired before = null;
    Policy policy = Policy.empty();
    HostPolicy hostPolicy = HostPolicy.NONE;
    for (int generation = 1; generation <= 600; generation++) {
      int number = 300 + random.nextInt(6);
      if (random.nextInt(5) == 0) {
        hostPolicy = hostPolicy(random);
      } else if (random.nextInt(4) == 0) {
        containers.remove(number);
      } else {
        String peer = random.nextInt(3) == 0 ? "anyone" : "app=a" + random.nextInt(3);
        containers.put(
            number,
            guarded(
                number,
                Map.of(
                    "app",
                    "a" + random.nextInt(3),
                    "com.docker.compose.project",
                    "p" + random.nextInt(2),
                    "com.docker.compose.service",
                    "s" + random.nextInt(2),
                    "drawbridge.policy.in",
                    peer + " may connect 8" + random.nextInt(3)),
                random.nextInt(8) == 0));
      }
      Desired desired =
          Desired.of(
              policy, generation, containers.values(), hostPolicy, Set.of(), Set.of(), false);
      policy = desired.policy();
      List<Action> plan =
          before == null
              ? Planner.plan(desired, model.applied(), true)
              : Planner.change(before, desired, model.applied(), model.use);
      plan.forEach(model::execute);
      assertEquals(new HashMap<>(desired.pairs()), model.resolved());
      assertEquals(desired.endpoints(), model.endpoints);
      assertEquals(generation, model.generation);
      assertEquals(List.of(), Planner.plan(desired, model.applied(), true), "nothing is left");
      before = desired;
    }
  }

  private static Desired random(Random random) {
    Map<Integer, EndpointState> endpoints = new HashMap<>();
    Map<Cidr, Integer> addresses = new HashMap<>();
    Map<PairKey, PortTable> pairs = new HashMap<>();
    for (int n = 0; n < 6; n++) {
      int owner = 256 + n;
      if (random.nextInt(3) > 0) {
        endpoints.put(owner, random.nextBoolean() ? OPEN : CLOSED);
        addresses.put(
            Cidr.single(InetAddress.ofLiteral("172.20.0." + (2 + random.nextInt(8)))), owner);
        if (random.nextBoolean()) {
          int peer = random.nextBoolean() ? Peers.ANY : 256 + random.nextInt(6);
          pairs.put(new PairKey(owner, Direction.INGRESS, peer), table(80 + random.nextInt(3)));
        }
      }
    }
    return desired(endpoints, addresses, pairs);
  }

  @Test
  void anAddressThatTwoContainersClaimIsNobodys() {
    Desired desired =
        Desired.of(
            Policy.empty(),
            1,
            List.of(guarded(300, Map.of(), false), guarded(301, Map.of(), false)),
            new HostPolicy(List.of()),
            Set.of(),
            Set.of(),
            false);
    assertEquals(Desired.AMBIGUOUS, desired.addresses().get(Cidr.single(ADDRESS)));
  }

  /** Whose an address is, as the kernel looks it up. */
  private static int peer(Set<Cidr> hostRanges, String address, String... rules) {
    Map<String, String> labels = new HashMap<>();
    for (String rule : rules) {
      labels.put("drawbridge.policy.r" + labels.size(), rule);
    }
    Desired desired =
        Desired.of(
            Policy.empty(),
            1,
            List.of(guarded(300, labels, false)),
            new HostPolicy(List.of()),
            hostRanges,
            Set.of(),
            false);
    return Known.peerOf(desired.addresses(), Cidr.parse(address).orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "fe80::1",
        "febf::1",
        "ff02::1",
        "ff05::2"
      })
  void whoIsOnTheLinkIsTheHostUnlessARuleNamesHim(String address) {
    assertEquals(Peers.HOST, peer(Set.of(), address));
    assertEquals(
        Peers.HOST,
        peer(Set.of(), address, "may connect 80 on 0.0.0.0/0", "may connect 80 on ::/0"));
    assertTrue(Peers.isNetwork(peer(Set.of(), address, "may connect 80 on " + address)));
  }

  @Test
  void noRuleMakesAnAddressOfTheHostTheWorlds() {
    Set<Cidr> host =
        Stream.of("fe80::1", "10.1.0.255", "fd00:1::", "203.0.113.0/24", "ff02::1")
            .map(range -> Cidr.parse(range).orElseThrow())
            .collect(Collectors.toSet());
    for (String own : List.of("fe80::1", "10.1.0.255", "fd00:1::", "203.0.113.7", "ff02::1")) {
      assertEquals(Peers.HOST, peer(host, own), own);
      assertEquals(Peers.HOST, peer(host, own, "may connect 80 on " + own), own);
    }
    assertEquals(Peers.HOST, peer(host, "203.0.113.7", "may connect 80 on 203.0.113.0/24"));
    assertEquals(Peers.HOST, peer(host, "203.0.113.7", "may connect 80 on 203.0.112.0/23"));
    assertEquals(Peers.WORLD, peer(host, "10.1.0.254"));
    assertEquals(
        300, peer(Set.of(Cidr.single(ADDRESS)), "172.20.0.2"), "a container's own address");
  }

  @Test
  void aContainerWithBrokenLabelsIsClosedBothWays() {
    Desired desired =
        Desired.of(
            Policy.empty(),
            1,
            List.of(guarded(300, Map.of("drawbridge.policy.x", "anyone may GET /"), true)),
            new HostPolicy(List.of()),
            Set.of(),
            Set.of(),
            false);
    EndpointState state = desired.endpoints().get(300);
    assertTrue(state != null && state.closedEgress() && state.closedIngress());
    assertEquals(Map.of(), desired.pairs());
  }

  @Test
  void rangesThatRulesNameAreInTheMapBesideTheContainers() {
    Desired desired =
        Desired.of(
            Policy.empty(),
            1,
            List.of(
                guarded(
                    300,
                    Map.of("drawbridge.policy.sql", "may connect 3306 on 10.0.5.0/24"),
                    false)),
            new HostPolicy(List.of()),
            Set.of(),
            Set.of(),
            false);
    Integer peer = desired.addresses().get(Cidr.parse("10.0.5.0/24").orElseThrow());
    assertTrue(peer != null && Peers.isNetwork(peer), desired.addresses()::toString);
    assertTrue(
        desired.pairs().containsKey(new PairKey(300, Direction.EGRESS, peer)),
        desired.pairs()::toString);
  }

  @Test
  void whoSharesANamespaceIsKnownToShareItRoundToTheFirst() {
    GuardedContainer one = guarded(300, Map.of(), false);
    GuardedContainer two = guarded(301, Map.of(), false);
    GuardedContainer apart =
        new GuardedContainer(302, two.container(), two.declared(), false, 8, 1000, 1001);
    GuardedContainer three = guarded(303, Map.of(), false);
    Map<Integer, EndpointState> endpoints =
        Desired.of(
                Policy.empty(),
                1,
                List.of(one, two, apart, three),
                new HostPolicy(List.of()),
                Set.of(),
                Set.of(),
                false)
            .endpoints();
    Map<Integer, Integer> next = new TreeMap<>();
    endpoints.forEach((endpoint, state) -> next.put(endpoint, state.next()));
    assertEquals(Map.of(300, 301, 301, 303, 303, 300, 302, 0), next);
  }

  private static GuardedContainer guarded(int number, Map<String, String> labels, boolean broken) {
    SortedMap<String, String> sorted = new TreeMap<>(labels);
    Parsed<ContainerPolicy> parsed = LabelParser.parse(sorted);
    ObservedContainer container =
        new ObservedContainer(
            "id" + number,
            "c" + number,
            sorted,
            new TreeMap<>(),
            "image",
            true,
            1,
            List.of(ADDRESS),
            "drawbridge",
            "bridge");
    return new GuardedContainer(number, container, parsed.value(), broken, 7, 1000, 1001);
  }
}
