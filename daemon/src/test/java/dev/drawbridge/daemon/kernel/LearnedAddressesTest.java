package dev.drawbridge.daemon.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.BpfObject;
import dev.drawbridge.bpf.abi.Learned;
import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.key.AddressKey;
import dev.drawbridge.bpf.key.LearnedKey;
import dev.drawbridge.control.Desired;
import dev.drawbridge.control.GuardedContainer;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.control.Planner;
import dev.drawbridge.daemon.config.NameSettings;
import dev.drawbridge.l7.LearnedNames.Address;
import dev.drawbridge.l7.LearnedNames.Outcome;
import dev.drawbridge.l7.LearnedNames.Refusal;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.language.HostPolicy;
import dev.drawbridge.policy.parse.LabelParser;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SPEC Z4, Z5, Z7 in the kernel's maps: what was learned when rules and agents change. */
@Tag("kernel")
final class LearnedAddressesTest {
  private static final int API = 300;
  private static final int OTHER = 301;
  private static final InetAddress ADDRESS = InetAddress.ofLiteral("1.1.1.1");
  private static final InetSocketAddress RESOLVER =
      new InetSocketAddress(InetAddress.ofLiteral("9.9.9.9"), 53);
  private static final InetSocketAddress STRANGER =
      new InetSocketAddress(InetAddress.ofLiteral("8.8.8.8"), 53);
  private static final String ALLOWS = "may connect 443 on *.stripe.com";
  private static final String FORBIDS = "may not connect 443 on api.stripe.com";

  private final Path directory;
  private final BpfObject object = BpfObject.load(BpfObject.drawbridge());
  private final Set<Integer> forging = new HashSet<>();
  private NameSettings times = NameSettings.STANDARD;
  private Agent agent;

  LearnedAddressesTest(@TempDir Path directory) {
    this.directory = directory;
    this.agent = new Agent();
  }

  @AfterEach
  void close() {
    object.close();
  }

  /** An agent's life, as far as names go. */
  private final class Agent {
    final Datapath datapath = new Datapath(object, 0);
    final LearnedAddresses learned =
        new LearnedAddresses(
            object.map("learned"),
            object.map("addresses"),
            directory.resolve("learned"),
            times,
            new LearnedAddresses.Believed() {
              @Override
              public boolean forges(int caller) {
                return forging.contains(caller);
              }

              @Override
              public boolean isGiven(int caller, InetSocketAddress resolver) {
                return resolver.equals(RESOLVER);
              }
            },
            datapath::hasNamed,
            then -> {
              converge();
              then.accept(true);
            });
    final NamedState named = new NamedState(directory.resolve("named"), learned::lost);
    Policy policy = Policy.resuming(Map.of(), named.read());
    List<String> rules = List.of();

    void rules(String... now) {
      rules = List.of(now);
      converge();
    }

    void converge() {
      Desired desired =
          Desired.of(
              policy,
              datapath.applied().generation() + 1,
              List.of(guarded(API), guarded(OTHER)),
              new HostPolicy(List.of()),
              Set.of(),
              Set.of(),
              false,
              learned::numbered);
      named.write(desired.policy().named());
      List<BpfException> failures = new ArrayList<>();
      var _ =
          datapath.apply(
              Planner.plan(desired, datapath.applied(), true),
              failures,
              () -> learned.inForce(desired.policy()));
      assertEquals(List.of(), failures);
      policy = desired.policy();
      assertFalse(learned.lacksPairs());
    }

    private GuardedContainer guarded(int number) {
      var labels = new TreeMap<String, String>();
      labels.put("app", "api");
      for (String rule : rules) {
        labels.put("drawbridge.policy.r" + labels.size(), rule);
      }
      var observed = observed(number, labels);
      return new GuardedContainer(
          number,
          observed,
          LabelParser.parse(observed.name(), labels).value(),
          false,
          number,
          1,
          2);
    }

    Outcome learns(
        int caller, InetSocketAddress from, long seconds, InetAddress address, String... names) {
      List<Outcome> outcomes = new ArrayList<>();
      learned.learned(
          caller, from, List.of(names), List.of(new Address(address, seconds)), outcomes::add);
      assertEquals(1, outcomes.size());
      return outcomes.getFirst();
    }

    void learns(String... names) {
      assertEquals(Outcome.KNOWN, learns(API, RESOLVER, 60, ADDRESS, names));
    }

    /** What becomes of something new, by what the kernel has. */
    Decision opens() {
      int peer =
          kernel(ADDRESS).map(Learned::peer).filter(number -> number != 0).orElse(Peers.WORLD);
      assertTrue(!Peers.isNamed(peer) || datapath.hasNamed(API, peer));
      return policy.l4(API, peer, Ports.TCP, 443).decision();
    }

    /** What becomes of what is open and was opened under that number. */
    Decision goesOn(int opened) {
      int kernels =
          kernel(ADDRESS).map(Learned::again).filter(number -> number != 0).orElse(opened);
      assertEquals(kernels, learned.again(API, opened, ADDRESS));
      assertTrue(!Peers.isNamed(kernels) || datapath.hasNamed(API, kernels));
      return policy.l4(API, kernels, Ports.TCP, 443).decision();
    }

    int number() {
      return kernel(ADDRESS).orElseThrow().peer();
    }
  }

  private static ObservedContainer observed(int number, SortedMap<String, String> labels) {
    return new ObservedContainer(
        "id" + number,
        "c" + number,
        labels,
        new TreeMap<>(),
        "image",
        true,
        1,
        List.of(),
        "drawbridge",
        "bridge");
  }

  private Optional<Learned> kernel(InetAddress address) {
    return object.map("learned").lookup(new LearnedKey(API, address).encode()).map(Learned::decode);
  }

  @Test
  void whatIsKnownIsJudgedByNewRulesAtOnce() {
    agent.rules(ALLOWS);
    agent.learns("api.stripe.com");
    int opened = agent.number();
    assertEquals(Decision.ALLOW, agent.opens());
    agent.rules(ALLOWS, FORBIDS);
    assertEquals(Decision.DENY, agent.opens());
    assertEquals(Decision.DENY, agent.goesOn(opened));
    agent.rules(ALLOWS, "may not connect 443 on www.stripe.com");
    assertEquals(Decision.ALLOW, agent.opens());
    assertEquals(Decision.ALLOW, agent.goesOn(opened));
    agent.rules("may connect 443 on www.stripe.com");
    assertEquals(Decision.DENY, agent.opens());
    assertEquals(Decision.DENY, agent.goesOn(opened));
  }

  @Test
  void whatBeganBeforeItsNameMatteredIsFoundByTheRuleThatForbidsIt() {
    agent.rules("may connect on world", "may connect 443 on other.com");
    agent.learns("api.stripe.com");
    assertEquals(Optional.empty(), kernel(ADDRESS));
    agent.rules("may connect on world", FORBIDS);
    assertEquals(Decision.DENY, agent.opens());
    assertEquals(Decision.DENY, agent.goesOn(Peers.WORLD));
  }

  @Test
  void whatIsOverOpensNothingNewAndIsFoundByRulesAllTheSame() {
    times = new NameSettings(0, 60, 0, Refusal.REFUSED);
    agent = new Agent();
    agent.rules(ALLOWS, "may connect 80 on other.com");
    assertEquals(Outcome.KNOWN, agent.learns(API, RESOLVER, 1, ADDRESS, "api.stripe.com"));
    int opened = agent.number();
    while (agent.learned.of(API, System.nanoTime()).getFirst().opens()) {
      Thread.onSpinWait();
    }
    // Another name of the same address, which 443 is not for.
    agent.learns("other.com");
    assertEquals(Decision.DENY, agent.opens());
    assertEquals(Decision.ALLOW, agent.goesOn(opened));
    assertEquals(
        agent.number(),
        agent.learned.again(API, Peers.WORLD, ADDRESS),
        "what no name opened gains nothing by one that is over");
    agent.rules(ALLOWS, FORBIDS, "may connect 80 on other.com");
    assertEquals(Decision.DENY, agent.goesOn(opened));
  }

  @Test
  void theNextAgentKnowsWhatWasLearned() {
    agent.rules(ALLOWS);
    agent.learns("api.stripe.com");
    int opened = agent.number();
    Learned before = kernel(ADDRESS).orElseThrow();
    agent = new Agent();
    assertEquals(before, kernel(ADDRESS).orElseThrow(), "in force while nothing is known yet");
    agent.rules(ALLOWS);
    assertEquals(before, kernel(ADDRESS).orElseThrow());
    assertEquals(Decision.ALLOW, agent.opens());
    agent.rules(ALLOWS, FORBIDS);
    assertEquals(Decision.DENY, agent.opens());
    assertEquals(Decision.DENY, agent.goesOn(opened));
    assertEquals(Optional.empty(), agent.learned.damage());
  }

  @Test
  void aRuleThatCameWhileNoAgentRanHoldsFromTheNextOneOn() {
    agent.rules(ALLOWS);
    agent.learns("api.stripe.com");
    int opened = agent.number();
    agent = new Agent();
    agent.rules(ALLOWS, FORBIDS);
    assertEquals(Decision.DENY, agent.opens());
    assertEquals(Decision.DENY, agent.goesOn(opened));
  }

  @Test
  void whatIsDamagedIsForgottenAndSaid() throws IOException {
    for (String file : List.of("learned", "named")) {
      agent.rules(ALLOWS);
      agent.learns("api.stripe.com");
      Files.writeString(directory.resolve(file), "learned-names 1\nwhat is this\n");
      agent = new Agent();
      assertTrue(agent.learned.damage().isPresent(), file);
      assertEquals(Optional.empty(), kernel(ADDRESS), file);
      agent.rules(ALLOWS);
      assertEquals(Decision.DENY, agent.opens(), file);
      agent = new Agent();
      assertEquals(Optional.empty(), agent.learned.damage(), file);
    }
  }

  @Test
  void aLineThatWasCutIsNone() throws IOException {
    agent.rules(ALLOWS);
    agent.learns("api.stripe.com");
    Path file = directory.resolve("learned");
    String text = Files.readString(file);
    for (int length = text.length() - 1; length > "learned-names 1\n".length(); length--) {
      Files.writeString(file, text.substring(0, length));
      agent = new Agent();
      assertEquals(Optional.empty(), agent.learned.damage(), text.substring(0, length));
      assertEquals(Optional.empty(), kernel(ADDRESS));
    }
  }

  @Test
  void whatTheFileDoesNotExplainTheKernelForgets() {
    agent.rules(ALLOWS);
    agent.learns("api.stripe.com");
    InetAddress unexplained = InetAddress.ofLiteral("2.2.2.2");
    object
        .map("learned")
        .put(new LearnedKey(API, unexplained).encode(), kernel(ADDRESS).orElseThrow().encode());
    agent = new Agent();
    assertEquals(Optional.empty(), kernel(unexplained));
    assertTrue(kernel(ADDRESS).isPresent());
  }

  @Test
  void anAnswerTeachesWhatItLeadsOver() {
    agent.rules("may connect 443 on *.cdn.example");
    agent.learns("www.shop.example", "d1.cdn.example");
    assertEquals(Decision.ALLOW, agent.opens());
    agent.rules("may connect 443 on *.cdn.example", "may not connect 443 on www.shop.example");
    assertEquals(Decision.DENY, agent.opens());
  }

  @Test
  void onlyResolversThatWereGivenOrThatARuleNamesTeach() {
    agent.rules(ALLOWS);
    assertEquals(Outcome.KNOWN, agent.learns(API, STRANGER, 60, ADDRESS, "api.stripe.com"));
    assertEquals(Decision.DENY, agent.opens());
    InetSocketAddress own = new InetSocketAddress(InetAddress.getLoopbackAddress(), 53);
    assertEquals(Outcome.KNOWN, agent.learns(API, own, 60, ADDRESS, "api.stripe.com"));
    assertEquals(Decision.DENY, agent.opens());
    forging.add(API);
    agent.learns("api.stripe.com");
    assertEquals(Decision.DENY, agent.opens());
    forging.clear();
    agent.rules(ALLOWS, "may connect 53/udp on 8.8.8.8");
    assertEquals(Outcome.KNOWN, agent.learns(API, STRANGER, 60, ADDRESS, "api.stripe.com"));
    assertEquals(Decision.ALLOW, agent.opens());
  }

  @Test
  void whoLearnsManyAddressesLosesThoseThatWereNotUsed() {
    agent.rules(ALLOWS);
    agent.learns("api.stripe.com");
    Learned first = kernel(ADDRESS).orElseThrow();
    object
        .map("learned")
        .put(
            new LearnedKey(API, ADDRESS).encode(),
            new Learned(first.untilNanos(), Long.MAX_VALUE, first.peer(), first.again()).encode());
    for (int i = 0; i <= LearnedAddresses.MOST_OF_ONE; i++) {
      agent.learns(API, RESOLVER, 60, numbered(i), "api.stripe.com");
    }
    assertTrue(agent.learned.of(API, 0).size() <= LearnedAddresses.MOST_OF_ONE);
    assertEquals(Set.of(API), agent.learned.evicted());
    assertTrue(kernel(ADDRESS).isPresent(), "used last");
    assertTrue(kernel(numbered(LearnedAddresses.MOST_OF_ONE)).isPresent(), "learned last");
    assertEquals(Optional.empty(), kernel(numbered(0)));
    assertEquals(
        agent.learned.of(API, 0).size(), object.map("learned").count(), "the kernel has no more");
  }

  private static InetAddress numbered(int i) {
    return InetAddress.ofLiteral("5.5." + (i >> 8) + "." + (i & 0xff));
  }

  @Test
  void anAddressHasABoundedNumberOfNames() {
    agent.rules(ALLOWS);
    for (int i = 0; i < 10 * LearnedOfOne.MOST_NAMES; i++) {
      agent.learns("n" + i + ".stripe.com", "N" + i + ".STRIPE.com");
    }
    assertEquals(LearnedOfOne.MOST_NAMES, agent.learned.of(API, 0).getFirst().untilNanos().size());
    assertEquals(Decision.ALLOW, agent.opens());
  }

  @Test
  void whatOneAndAllMayKnowIsBounded() {
    agent.rules(ALLOWS);
    for (int round = 0; round < 20; round++) {
      List<Address> many = new ArrayList<>();
      for (int i = 0; i < 128; i++) {
        many.add(new Address(numbered(128 * round + i), 600));
      }
      List<String> names = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        names.add("n" + i + "-" + round + ".stripe.com");
      }
      List<Outcome> outcomes = new ArrayList<>();
      agent.learned.learned(API, RESOLVER, names, many, outcomes::add);
      assertEquals(List.of(Outcome.KNOWN), outcomes);
      int pairs = agent.learned.of(API, 0).stream().mapToInt(one -> one.untilNanos().size()).sum();
      assertTrue(pairs <= LearnedAddresses.MOST_NAMES_OF_ONE, round + ": " + pairs);
    }
    assertTrue(kernel(numbered(19 * 128)).isPresent(), "what was just asked for is known");
    assertEquals(Optional.empty(), kernel(numbered(0)));
  }

  @Test
  void nobodyAnswersHisOwnQuestions() {
    agent.rules("may connect 53 on app=api", ALLOWS);
    InetSocketAddress own = new InetSocketAddress(InetAddress.ofLiteral("10.0.0.7"), 53);
    object
        .map("addresses")
        .put(AddressKey.exactly(own.getAddress()).encode(), NativeOrder.u32(API));
    assertEquals(Outcome.KNOWN, agent.learns(API, own, 60, ADDRESS, "api.stripe.com"));
    assertEquals(Optional.empty(), kernel(ADDRESS));
    assertEquals(List.of(), agent.learned.of(API, System.nanoTime()));
  }

  @Test
  void anAnswerThatIsMoreThanOneMayKnowIsNotPassedOn() {
    agent.rules(ALLOWS);
    String[] names = new String[16];
    for (int i = 0; i < names.length; i++) {
      names[i] = "\\001".repeat(240) + i + ".stripe.com";
    }
    List<Address> found = new ArrayList<>();
    for (int i = 0; i < 128; i++) {
      found.add(new Address(numbered(i), 60));
    }
    List<Outcome> outcomes = new ArrayList<>();
    agent.learned.learned(API, RESOLVER, List.of(names), found, outcomes::add);
    assertEquals(List.of(Outcome.FAILED), outcomes);
    assertEquals(List.of(), agent.learned.of(API, System.nanoTime()));
  }

  /** By a part of its names an address could mean what a rule forbids by another. */
  @Test
  void whatCannotBeKeptWholeIsNotKept() throws Exception {
    agent.rules(ALLOWS, "may not connect 443 on evil.stripe.com");
    agent.learns("api.stripe.com");
    Path file = directory.resolve("learned");
    assertTrue(Files.exists(file));
    // Nothing can be written any more where a directory stands in the way of the next file.
    Files.createDirectory(directory.resolve("learned.new"));
    agent.learned.lost(Optional.empty());
    assertFalse(Files.exists(file));
  }

  @Test
  void whoIsGoneIsForgotten() throws Exception {
    agent.rules(ALLOWS);
    agent.learns("api.stripe.com");
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (kernel(ADDRESS).isPresent() && System.nanoTime() < deadline) {
      boolean _ = agent.learned.sweep(owner -> owner == OTHER);
      Thread.sleep(100);
    }
    assertEquals(Optional.empty(), kernel(ADDRESS));
    assertEquals(List.of(), agent.learned.of(API, 0));
  }

  @Test
  void aNumberWithoutRulesIsDenied() {
    agent.rules("may connect on anyone", FORBIDS);
    agent.learns("api.stripe.com");
    int number = agent.number();
    agent.policy.release(API, Set.of());
    assertEquals(Decision.DENY, agent.policy.l4(API, number, Ports.TCP, 80).decision());
    assertEquals(number, agent.policy.peerAgain(number, ADDRESS));
  }
}
