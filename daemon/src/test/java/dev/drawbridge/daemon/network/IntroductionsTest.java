package dev.drawbridge.daemon.network;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class IntroductionsTest {
  private static final int MANY = 1000;

  private final Introductions introductions = new Introductions();
  private final Set<Integer> open = new LinkedHashSet<>();
  private final Set<Integer> callers = new HashSet<>();
  private final Set<Integer> callees = new HashSet<>();
  private final Set<List<Integer>> pairs = new HashSet<>();
  private int asked;

  private int walk() {
    int before = asked;
    introductions.walk(
        open,
        callers::contains,
        callees::contains,
        (from, to) -> {
          asked++;
          pairs.add(List.of(from, to));
        });
    return asked - before;
  }

  private void forget(int number) {
    open.remove(number);
    introductions.forget(number);
  }

  @Test
  void nobodyIsIntroducedWhereNobodyHasRulesOfLayer7() {
    for (int i = 0; i < MANY; i++) {
      open.add(i);
      assertEquals(0, walk());
    }
  }

  @Test
  void aThousandThatStartOneByOneAreAskedForOnceAPair() {
    for (int i = 0; i < MANY; i++) {
      open.add(i);
      callees.add(i);
      assertEquals(2 * i, walk(), "with those that there are, both ways");
      assertEquals(0, walk());
    }
    assertEquals(MANY * (MANY - 1), pairs.size());
    assertEquals(pairs.size(), asked);
  }

  @Test
  void oneCalleeIsKnownToAllAndOneCallerKnowsAll() {
    for (int i = 0; i < MANY; i++) {
      open.add(i);
    }
    assertEquals(0, walk());
    callees.add(3);
    assertEquals(MANY - 1, walk());
    assertEquals(Set.of(), otherThan(3, 1));
    callers.add(4);
    assertEquals(MANY - 2, walk(), "all but the callee, whom all know");
    open.add(MANY);
    assertEquals(2, walk(), "a newcomer knows the callee, and the caller knows it");
  }

  private Set<List<Integer>> otherThan(int number, int place) {
    Set<List<Integer>> others = new HashSet<>(pairs);
    others.removeIf(pair -> pair.get(place) == number);
    return others;
  }

  @Test
  void whoIsForgottenIsANewcomerUnderTheSameNumber() {
    open.addAll(List.of(1, 2));
    callees.add(1);
    assertEquals(1, walk());
    forget(2);
    open.add(2);
    assertEquals(1, walk());
  }
}
