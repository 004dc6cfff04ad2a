package dev.drawbridge.policy.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.ContainerPolicy;
import dev.drawbridge.policy.language.Rule;
import dev.drawbridge.policy.parse.LabelParser;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Whom a selector selects is asked again only where its label comes or goes: never too seldom. */
final class SelectorIndexTest {
  private static final List<String> SELECTORS =
      List.of(
          "app=a",
          "app=b and tier=x",
          "app!=a",
          "app in (a b)",
          "has tier",
          "lacks tier",
          "lacks tier and app=b",
          "service:a",
          "service:p/a",
          "service:b and tier=x",
          "project:p",
          "project:q and lacks tier",
          "container:c257",
          "containers");

  private final Registry registry = new Registry(new NamedPeers());

  private static Member member(int number, Map<String, String> labels) {
    return new Member(
        number, Workload.of("c" + number, labels), LabelParser.parse(new HashMap<>()).value());
  }

  @Test
  void everySelectorThatSelectsIsTouched() {
    for (String selector : SELECTORS) {
      String text = selector + " may connect 80";
      var labels = Map.of("app", "z", "drawbridge.policy.in", text);
      Parsed<ContainerPolicy> parsed = LabelParser.parse(labels);
      assertTrue(parsed.ok(), text);
      for (Rule rule : parsed.value().rules()) {
        registry.code(rule.sentence(), Optional.of("p"), true);
      }
    }
    List<Registry.Key> keys = registry.selectors();
    assertTrue(keys.size() >= SELECTORS.size());
    var random = new Random(5);
    int selected = 0;
    for (int i = 0; i < 400; i++) {
      var labels = new HashMap<String, String>();
      for (String key : List.of("app", "tier", Workload.SERVICE, Workload.PROJECT)) {
        if (random.nextBoolean()) {
          labels.put(key, List.of("a", "b", "p", "q", "x").get(random.nextInt(5)));
        }
      }
      Member member = member(256 + i % 3, labels);
      BitSet touched = registry.selectorsOf(List.of(member));
      for (int number = 0; number < keys.size(); number++) {
        if (keys.get(number).matches(member.workload(), Set.of())) {
          selected++;
          assertTrue(touched.get(number), keys.get(number) + " selects " + labels);
        }
      }
    }
    assertTrue(selected > 1_000, () -> "selects too few to show anything");
  }

  @Test
  void whoNamesAnotherLabelIsLeftAlone() {
    Parsed<ContainerPolicy> parsed =
        LabelParser.parse(
            Map.of("drawbridge.policy.in", "app=a may connect 80\napp=b may connect 80"));
    parsed.value().rules().forEach(rule -> registry.code(rule.sentence(), Optional.empty(), true));
    assertEquals(1, registry.selectorsOf(List.of(member(256, Map.of("app", "a")))).cardinality());
  }
}
