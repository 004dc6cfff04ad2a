package dev.drawbridge.policy.ask;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Scene;
import dev.drawbridge.policy.language.DnsName;
import dev.drawbridge.policy.language.HostPolicy;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** SPEC Z4, Z5: a verdict by name is about what each caller has learned itself. */
final class NamesAskedAboutTest {
  private static final String NAME = "api.stripe.com";
  private static final String ONE = "1.1.1.1";
  private static final String OTHER = "2.2.2.2";
  private static final String DB = "10.0.0.9";

  private final Scene scene =
      new Scene()
          .container("one", "app=buyer", "may connect 443 on *.stripe.com")
          .container("two", "app=buyer", "may connect 443 on *.stripe.com")
          .container("careless", "app=careless", "may connect on world")
          .container("db", "app=db", "app=nobody may connect 443");

  private final Policy policy = scene.policy();
  private final Map<String, Map<String, List<String>>> learned = new HashMap<>();

  /** Numbers as an agent has them; models no time. */
  private final class Learned implements Known.Learned {
    private Map<String, List<String>> of(int owner) {
      for (Map.Entry<String, Map<String, List<String>>> entry : learned.entrySet()) {
        if (scene.number(entry.getKey()) == owner) {
          return entry.getValue();
        }
      }
      return Map.of();
    }

    @Override
    public OptionalInt number(int owner, Cidr single) {
      for (Map.Entry<String, List<String>> entry : of(owner).entrySet()) {
        InetAddress address = InetAddress.ofLiteral(entry.getKey());
        if (Cidr.single(address).equals(single)) {
          return OptionalInt.of(policy.named(owner, Peers.WORLD, address, entry.getValue()));
        }
      }
      return OptionalInt.empty();
    }

    @Override
    public List<Cidr> addresses(int owner, DnsName name) {
      List<Cidr> found = new ArrayList<>();
      of(owner)
          .forEach((address, names) -> {
            if (names.stream().map(DnsName::of).anyMatch(name::equals)) {
              found.add(Cidr.single(InetAddress.ofLiteral(address)));
            }
          });
      return found;
    }

    @Override
    public boolean isKnown() {
      return true;
    }
  }

  private void learns(String who, String address, String... names) {
    learned.computeIfAbsent(who, _ -> new HashMap<>()).put(address, List.of(names));
  }

  private Answer ask(Who from, String to, int port) {
    List<Known.Container> containers =
        policy.input().members().stream()
            .map(member ->
                new Known.Container(member, "", member.workload().name(), 0, false, false))
            .toList();
    var known =
        new Known(
            policy,
            containers,
            Map.of(Cidr.single(InetAddress.ofLiteral(DB)), scene.number("db")),
            HostPolicy.NONE,
            false,
            List.of(),
            false,
            new Learned());
    return new Inquiry(known)
        .answer(
            new Asked(
                from,
                new Who.Container(to),
                Optional.empty(),
                Asked.Protocol.TCP,
                port,
                Optional.empty(),
                new TreeMap<>(),
                Optional.empty(),
                false));
  }

  private static Who buyers() {
    return new Who.Labels(new TreeMap<>(Map.of("app", "buyer")));
  }

  private static String verdict(Answer answer) {
    Answer.Given given = assertInstanceOf(Answer.Given.class, answer, answer::toString);
    return given.verdict().decision() + " " + given.to().name();
  }

  private static String unknown(Answer answer) {
    return assertInstanceOf(Answer.Unknown.class, answer, answer::toString).message();
  }

  @Test
  void eachCallerIsJudgedByTheAddressesThatItHasLearnedItself() {
    learns("one", ONE, NAME);
    learns("two", OTHER, NAME);
    assertEquals(
        Decision.ALLOW + " " + NAME + " at 1.1.1.1, " + NAME + " at 2.2.2.2",
        verdict(ask(buyers(), NAME, 443)));
    assertTrue(verdict(ask(buyers(), NAME, 80)).startsWith("DENY"));
  }

  @Test
  void ofCallersOfWhomOneHasNotAskedNothingIsSaid() {
    learns("one", ONE, NAME);
    assertEquals(
        "ALLOW " + NAME + " at 1.1.1.1", verdict(ask(new Who.Container("one"), NAME, 443)));
    String why = unknown(ask(buyers(), NAME, 443));
    assertTrue(why.startsWith("two has learned no address of " + NAME), why);
    learns("two", OTHER, "www.stripe.com");
    assertEquals(why, unknown(ask(buyers(), NAME, 443)));
  }

  @Test
  void callersOfDifferentAnswersAreNamed() {
    learns("one", ONE, NAME);
    learns("two", DB, NAME);
    String why = unknown(ask(buyers(), NAME, 443));
    assertTrue(why.contains("allow from one to " + NAME + " at 1.1.1.1"), why);
    assertTrue(why.contains("deny from two to " + NAME + " at 10.0.0.9, which is db"), why);
  }

  /** The world is open to it, and that container is not. */
  @Test
  void aNameThatLeadsToAContainerIsThatContainer() {
    learns("careless", DB, "db.internal");
    assertEquals(
        "DENY db.internal at 10.0.0.9, which is db",
        verdict(ask(new Who.Container("careless"), "db.internal", 443)));
    learns("careless", ONE, "db.internal");
    assertTrue(
        unknown(ask(new Who.Container("careless"), "db.internal", 443)).contains("which is db"));
  }

  @Test
  void aNameThatLeadsWhoAsksToItselfIsNotJudged() {
    learns("db", DB, "db.internal");
    assertTrue(verdict(ask(new Who.Container("db"), "db.internal", 443)).startsWith("ALLOW"));
  }

  @Test
  void aWorkloadThatIsNotThereHasLearnedNothing() {
    Who imagined =
        new Who.Labels(
            new TreeMap<>(
                Map.of(
                    "app", "new",
                    "drawbridge.policy.a", "may connect on world",
                    "drawbridge.policy.b", "may not connect 443 on *.stripe.com")));
    assertTrue(unknown(ask(imagined, NAME, 443)).contains("has learned no address"));
  }
}
