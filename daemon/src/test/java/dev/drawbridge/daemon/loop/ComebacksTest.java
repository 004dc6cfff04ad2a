package dev.drawbridge.daemon.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.control.RuntimeEvent;
import dev.drawbridge.runtime.RefusedStart;
import dev.drawbridge.runtime.Starter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What was refused while the agent was away comes back, or is a problem by name. */
final class ComebacksTest {
  private final Engine engine = new Engine();
  private final Comebacks comebacks = new Comebacks(() -> engine);

  /**
   * Starts what it is told to once its obstacles are gone. It does not model restart policies that
   * act of themselves.
   */
  private static final class Engine implements Starter {
    final Map<String, RefusedStart> refused = new TreeMap<>();

    /** A container that starts only while the other one does not wait any more. */
    final Map<String, String> needs = new TreeMap<>();

    final List<String> started = new ArrayList<>();
    Runnable meanwhile = () -> {};
    int asked;

    void down(String id, boolean comesBack, boolean ranBefore) {
      refused.put(id, new RefusedStart(id, "name-" + id, "", comesBack, ranBefore));
    }

    @Override
    public Optional<RefusedStart> refused(String id) {
      return Optional.ofNullable(refused.get(id));
    }

    @Override
    public Optional<String> start(String id) {
      asked++;
      meanwhile.run();
      String other = needs.getOrDefault(id, "");
      if (!other.isEmpty() && !started.contains(other)) {
        // Its last start failed for another reason now: nobody would take it for refused.
        refused.remove(id);
        return Optional.of("cannot join network of a non running container: " + other);
      }
      refused.remove(id);
      started.add(id);
      return Optional.empty();
    }

    @Override
    public void close() {}
  }

  private List<String> problems() {
    return comebacks.problems().stream().map(ProblemReport::container).toList();
  }

  @Test
  void whatShouldRunIsStartedAndNothingElse() {
    engine.down("always", true, true);
    engine.down("never", false, false);

    comebacks.bringBack(List.of("other", "always", "never"));

    assertEquals(List.of("always"), engine.started);
    assertEquals(List.of(), problems());
  }

  @Test
  void oneThatNeedsAnotherComesAfterIt() {
    engine.down("a", true, true);
    engine.down("b", true, true);
    engine.needs.put("a", "b");

    comebacks.bringBack(List.of("a", "b"));

    assertEquals(List.of("b", "a"), engine.started);
    assertEquals(List.of(), problems());
  }

  @Test
  void whatStaysDownIsAProblemByNameAndIsNotTriedForEver() {
    engine.down("a", true, true);
    engine.needs.put("a", "gone");
    for (int event = 0; event < 10; event++) {
      comebacks.bringBack(List.of("a"));
    }

    assertEquals(Comebacks.TRIES, engine.asked);
    assertEquals(List.of("name-a"), problems());
    assertEquals("DB0512", comebacks.problems().getFirst().code());
    comebacks.on(new RuntimeEvent.Gone("a"));
    assertEquals(List.of(), problems());
  }

  @Test
  void oneThatIsRemovedWhileItIsTriedIsNoProblem() {
    engine.down("a", true, true);
    engine.needs.put("a", "gone");
    comebacks.bringBack(List.of("a"));
    assertEquals(List.of("name-a"), problems());
    engine.meanwhile = () -> comebacks.on(new RuntimeEvent.Gone("a"));

    comebacks.bringBack(List.of("a"));

    assertEquals(2, engine.asked);
    assertEquals(List.of(), problems());
  }

  @Test
  void oneThatRanAndHasNoPolicyIsOnlySaid() {
    engine.down("a", false, true);

    comebacks.bringBack(List.of("a"));
    engine.refused.remove("a");
    comebacks.bringBack(List.of("a"));

    assertEquals(List.of(), engine.started);
    assertEquals(List.of("name-a"), problems());
  }

  @Test
  void oneThatRunsAgainIsNoProblem() {
    engine.down("a", false, true);
    comebacks.bringBack(List.of("a"));
    ObservedContainer running =
        new ObservedContainer(
            "a", "name-a", new TreeMap<>(), new TreeMap<>(), "", true, 7, List.of(), "", "");

    comebacks.on(new RuntimeEvent.Changed(running));

    assertEquals(List.of(), problems());
  }

  @Test
  void oneThatRanSinceIsTriedAnew() {
    engine.down("a", true, true);
    engine.needs.put("a", "gone");
    for (int event = 0; event < 5; event++) {
      comebacks.bringBack(List.of("a"));
    }
    engine.needs.clear();
    comebacks.on(new RuntimeEvent.Gone("a"));
    comebacks.bringBack(List.of("a"));
    engine.down("a", true, true);

    comebacks.bringBack(List.of("a"));

    assertEquals(List.of("a"), engine.started);
  }
}
