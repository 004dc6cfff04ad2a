package dev.drawbridge.daemon.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class RoundsTest {
  @Test
  void fewAreLookedAtInEachTurn() {
    Rounds rounds = new Rounds(4);
    assertEquals(List.of(), rounds.next(List.of()));
    assertEquals(Set.of(1, 2, 3), Set.copyOf(rounds.next(List.of(1, 2, 3))));
    assertEquals(Set.of(1, 2, 3), Set.copyOf(rounds.next(List.of(1, 2, 3))));
  }

  @Test
  void ofManyEachHasItsTurn() {
    Rounds rounds = new Rounds(4);
    List<Integer> all = IntStream.range(0, 10).boxed().toList();
    Set<Integer> seen = new HashSet<>();
    for (int turn = 0; turn < 3; turn++) {
      List<Integer> some = rounds.next(all);
      assertEquals(4, Set.copyOf(some).size());
      seen.addAll(some);
    }
    assertEquals(Set.copyOf(all), seen);
  }

  @Test
  void whoAreFewerNowAreLookedAt() {
    Rounds rounds = new Rounds(4);
    var _ = rounds.next(IntStream.range(0, 10).boxed().toList());
    assertEquals(Set.of(0, 1), Set.copyOf(rounds.next(List.of(0, 1))));
  }
}
