package dev.drawbridge.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.control.RuntimeEvent;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EngineFeedTest {
  private final FakeEngine engine = new FakeEngine();
  private final Recorder recorder = new Recorder();
  private EngineFeed feed = new EngineFeed("fake", engine, recorder);

  @AfterEach
  void close() {
    feed.close();
  }

  private void start(Consumer<RuntimeEvent> sink) throws Exception {
    feed = new EngineFeed("fake", engine, sink);
    feed.start();
    Deadline.until("listed", 20, () -> recorder.count(RuntimeEvent.Listed.class) > 0);
  }

  @Test
  void tellsConnectedThenListedThenChanges() throws Exception {
    engine.put(FakeEngine.container("a", "api"));
    start(recorder);
    engine.put(FakeEngine.container("b", "db"));
    Deadline.until("db seen", 20, () -> recorder.named("db").isPresent());
    List<RuntimeEvent> events = recorder.events();
    assertInstanceOf(RuntimeEvent.Connected.class, events.get(0));
    assertEquals(new RuntimeEvent.Listed(List.of(FakeEngine.container("a", "api"))), events.get(1));
    assertEquals(new RuntimeEvent.Changed(FakeEngine.container("b", "db")), events.get(2));
    assertTrue(engine.subscribedBeforeListing);
  }

  @Test
  void containerThatStartsWhileTheListIsMadeIsNotMissed() throws Exception {
    engine.whileListing(() -> engine.put(FakeEngine.container("b", "db")));
    start(recorder);
    Deadline.until("db seen", 20, () -> recorder.named("db").isPresent());
  }

  @Test
  void containerThatVanishesBetweenListAndInspectIsLeftOut() throws Exception {
    engine.put(FakeEngine.container("a", "api"));
    engine.put(FakeEngine.container("b", "db"));
    engine.whileListing(() -> engine.remove("a"));
    start(recorder);
    Deadline.until("gone told", 20, () -> recorder.count(RuntimeEvent.Gone.class) > 0);
    assertEquals(Set.of("b"), recorder.picture().keySet());
  }

  @Test
  void containerThatCannotBeInspectedIsTakenFromTheListAndHoldsUpNobody() throws Exception {
    engine.put(FakeEngine.container("a", "api"));
    engine.put(FakeEngine.container("b", "db"));
    engine.makeUnreadable("a");
    start(recorder);
    assertEquals(Set.of("a", "b"), recorder.picture().keySet());
    engine.touch("a");
    Deadline.until("a told again", 20, () -> recorder.count(RuntimeEvent.Changed.class) > 0);
    assertEquals(0, recorder.named("api").orElseThrow().pid());
    assertEquals(1, engine.connected);
  }

  @Test
  void restartedEngineIsListedAgainAndWhatWentMeanwhileIsGone() throws Exception {
    engine.put(FakeEngine.container("a", "api"));
    start(recorder);
    engine.stop();
    Deadline.until("loss told", 20, () -> recorder.count(RuntimeEvent.Lost.class) > 0);
    engine.remove("a");
    engine.put(FakeEngine.container("b", "db"));
    engine.resume();
    Deadline.until("listed again", 20, () -> recorder.count(RuntimeEvent.Listed.class) == 2);
    assertEquals(Set.of("b"), recorder.picture().keySet());
    assertEquals(1, recorder.count(RuntimeEvent.Lost.class));
  }

  @Test
  void engineThatIsNotThereYetIsToldOnceAndWaitedFor() throws Exception {
    engine.stop();
    feed = new EngineFeed("fake", engine, recorder);
    feed.start();
    Deadline.until("loss told", 20, () -> recorder.count(RuntimeEvent.Lost.class) > 0);
    engine.resume();
    Deadline.until("listed", 20, () -> recorder.count(RuntimeEvent.Listed.class) > 0);
    assertEquals(1, recorder.count(RuntimeEvent.Lost.class));
  }

  @Test
  void sinkThatFailsGetsEverythingAgain() throws Exception {
    AtomicBoolean failed = new AtomicBoolean();
    start(event -> {
      if (event instanceof RuntimeEvent.Changed && failed.compareAndSet(false, true)) {
        throw new IllegalStateException("on purpose");
      }
      recorder.accept(event);
    });
    engine.put(FakeEngine.container("b", "db"));
    Deadline.until("db seen", 20, () -> recorder.named("db").isPresent());
    assertEquals(2, recorder.count(RuntimeEvent.Listed.class));
  }

  @Test
  void sinkThatFailsByAnErrorIsNoEndOfTheFeed() throws Exception {
    AtomicBoolean failed = new AtomicBoolean();
    start(event -> {
      if (event instanceof RuntimeEvent.Changed && failed.compareAndSet(false, true)) {
        throw new OutOfMemoryError("on purpose");
      }
      recorder.accept(event);
    });
    engine.put(FakeEngine.container("b", "db"));
    Deadline.until("db seen", 20, () -> recorder.named("db").isPresent());
    assertEquals(1, recorder.count(RuntimeEvent.Lost.class));
    assertEquals(2, recorder.count(RuntimeEvent.Listed.class));
  }

  @Test
  void whatCouldNotBeSeenIsLookedAtAgainThoughNothingHappensToIt() throws Exception {
    engine.put(FakeEngine.container("a", "api"));
    engine.put(FakeEngine.container("b", "db"));
    engine.makeUnreadable("a");
    engine.makeUnreadable("b");
    feed = new EngineFeed("fake", engine, recorder, 10);
    feed.start();
    Deadline.until("looked again", 20, () -> recorder.count(RuntimeEvent.Changed.class) > 3);
    assertEquals(0, recorder.named("api").orElseThrow().pid());
    engine.makeReadable("a");
    engine.makeReadable("b");
    Deadline.until("api seen", 20, () -> recorder.named("api").orElseThrow().pid() == 42);
    Deadline.until("db seen", 20, () -> recorder.named("db").orElseThrow().pid() == 42);
    assertEquals(1, recorder.count(RuntimeEvent.Listed.class));
  }

  @Test
  void stormOfEventsAboutOneContainerIsLookedAtFewTimes() throws Exception {
    AtomicBoolean held = new AtomicBoolean(true);
    start(event -> {
      recorder.accept(event);
      if (event instanceof RuntimeEvent.Changed && held.get()) {
        try {
          Deadline.until("released", 20, () -> !held.get());
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      }
    });
    engine.put(FakeEngine.container("a", "first"));
    Deadline.until("held", 20, () -> recorder.count(RuntimeEvent.Changed.class) == 1);
    for (int i = 0; i < 10_000; i++) {
      engine.put(FakeEngine.container("a", "name" + i));
    }
    held.set(false);
    Deadline.until("last name seen", 20, () -> recorder.named("name9999").isPresent());
    assertTrue(engine.inspected <= 3, engine.inspected + " inspects");
  }

  @Test
  void closedFeedTellsNothingMore() throws Exception {
    start(recorder);
    feed.close();
    int told = recorder.events().size();
    engine.put(FakeEngine.container("b", "db"));
    engine.stop();
    assertEquals(told, recorder.events().size());
  }
}
