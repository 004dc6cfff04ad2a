package dev.drawbridge.policy.parse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Origin;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.Problem;
import dev.drawbridge.policy.language.Rule;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Seeded: a failure repeats. Bounded: seconds. Cites SPEC rules N2 N7 X1. */
final class FuzzTest {
  private static final int ROUNDS = 40_000;
  private static final String[] WORDS = {
    "may",
    "not",
    "on",
    "port",
    "with",
    "header",
    "host",
    "in",
    "(a",
    "b)",
    "(a b)",
    "and",
    "has",
    "lacks",
    "app=api",
    "app!=x",
    "service:web",
    "service:p/w",
    "container:c",
    "project:p",
    "containers",
    "anyone",
    "nobody",
    "world",
    "10.0.0.0/8",
    "except",
    "10.1.0.0/16",
    "2001:db8::/32",
    "::1",
    "*.example.com",
    "**.a.b",
    "within",
    "bücher.example",
    "GET",
    "GET,POST",
    "ANY",
    "/a/*/b",
    "/**",
    "/x*y",
    "matching",
    "/v[0-9]+/.*",
    "/(a|b){1,3}",
    "connect",
    "80",
    "80/tcp,53/udp",
    "icmp",
    "any",
    "8000-8100/sctp",
    "udp",
    "call",
    "a.B/C",
    "produce",
    "consume",
    "t.*",
    "resolve",
    "open",
    "tls",
    "to",
    "X-A",
    "X-A=1",
    "for",
    "caller",
    "callee",
    "8080",
    "80,90-99",
    "=",
    "!=",
    "\u00e9",
    "'",
    "`",
    "$",
    "#",
    ":",
    "(",
    ")",
    "()",
    ",",
    "\u200b",
    "\ud800",
  };

  private static String sentence(Random random) {
    var text = new StringBuilder();
    int words = random.nextInt(14);
    for (int i = 0; i < words; i++) {
      text.append(WORDS[random.nextInt(WORDS.length)]).append(random.nextInt(9) == 0 ? "" : " ");
    }
    return text.toString();
  }

  private static String mutated(Random random, String text) {
    var out = new StringBuilder(text);
    for (int i = random.nextInt(4); i > 0 && !out.isEmpty(); i--) {
      int at = random.nextInt(out.length());
      switch (random.nextInt(4)) {
        case 0 -> out.deleteCharAt(at);
        case 1 -> out.insert(at, (char) random.nextInt(0x180));
        case 2 -> out.setCharAt(at, (char) (32 + random.nextInt(95)));
        default -> out.insert(at, out.substring(at, Math.min(out.length(), at + 5)));
      }
    }
    return out.toString();
  }

  @Test
  void everySentenceGetsAValueOrOneProblemAndRoundTrips() {
    var random = new Random(20261123);
    int understood = 0;
    for (int i = 0; i < ROUNDS; i++) {
      String text =
          random.nextInt(3) == 0
              ? sentence(random)
              : mutated(random, GOOD.get(random.nextInt(GOOD.size())));
      boolean label = random.nextBoolean();
      var origin = new Origin.Label("fuzz");
      Parsed<Optional<Rule>> parsed =
          label ? SentenceParser.label(origin, text) : SentenceParser.host(origin, text);
      assertEquals(parsed.value().isEmpty() ? 1 : 0, parsed.problems().size(), text);
      if (parsed.value().isPresent()) {
        understood++;
        RoundTrip.check(parsed.value().get().sentence(), label);
      } else {
        Problem problem = parsed.problems().getFirst();
        assertEquals(1, problem.oneLine().lines().count(), text);
        assertFalse(problem.withCaret().isEmpty());
        assertTrue(problem.column() <= text.length() + 2, text);
      }
    }
    assertTrue(understood > ROUNDS / 20, "" + understood);
  }

  private static final List<String> GOOD =
      List.of(
          "app=api may GET,POST /users/* port 8080 with header X-Team=blue with host *.example.com",
          "app in (api web) and lacks legacy may connect 80,443 on container:front-1",
          "containers may connect 53/udp on 10.0.0.0/8 except (10.1.0.0/16 10.2.0.0/16)",
          "anyone may not GET matching /v[0-9]+/(a|b)*.{2,5} on service:p/web for callee",
          "may resolve *.stripe.com on anyone",
          "may open tls to **.example.com",
          "app=web may open tls to db-1.*.internal port 443,5432-5440 on app=db",
          "anyone may not call grpc.reflection.*/**",
          "host may call a.b.C/* on app=x with header X in (a b c)",
          "2001:db8::/32 may produce a.* on app=kafka port 9092");

  @Test
  void labelsAndFilesNeverThrow() {
    var random = new Random(7);
    for (int i = 0; i < 4000; i++) {
      String text = sentence(random) + "\n" + mutated(random, GOOD.get(i % GOOD.size()));
      String key = mutated(random, "drawbridge.policy.read");
      LabelParser.parse(Map.of(key, text, "drawbridge.policy", text, "drawbridge.mode", text));
      HostPolicyParser.parse("fuzz.policy", text);
    }
  }
}
