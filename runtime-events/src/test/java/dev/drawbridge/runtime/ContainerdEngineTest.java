package dev.drawbridge.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.control.ObservedContainer;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What one sick container, or one that somebody made so, may cost the others: nothing. */
@Timeout(60)
class ContainerdEngineTest {
  @TempDir Path directory;
  private String socket = "";
  private Optional<FakeContainerd> fake = Optional.empty();

  @BeforeEach
  void open() throws IOException {
    socket = directory.resolve("c.sock").toString();
    fake = Optional.of(new FakeContainerd(Path.of(socket)));
    containerd().container("a", 2, "app=api");
    containerd().task("a", 41, 2);
    containerd().container("b", 2);
    containerd().container("z", 2);
    containerd().task("z", 43, 2);
  }

  private FakeContainerd containerd() {
    return fake.orElseThrow();
  }

  @AfterEach
  void close() {
    containerd().close();
  }

  private static Set<String> ids(ContainerdEngine engine) throws IOException {
    Set<String> ids = new TreeSet<>();
    for (ObservedContainer container : engine.list()) {
      ids.add(container.id());
      assertEquals(0, container.pid());
      assertTrue(container.running(), "whether it runs is not known by the list");
    }
    return ids;
  }

  @Test
  void whatThereIsIsListedAndSeen() throws Exception {
    try (ContainerdEngine engine = ContainerdEngine.connect(socket)) {
      assertEquals(Set.of("a", "b", "z"), ids(engine));
      ObservedContainer api = engine.inspect("a").orElseThrow();
      assertEquals(41, api.pid());
      assertEquals("api", api.labels().get("app"));
      assertFalse(engine.inspect("b").orElseThrow().running());
      assertEquals(Optional.empty(), engine.inspect("none"));
    }
  }

  /** A shim that is out of reach is told of with the code of an engine that is. */
  @Test
  void aShimThatIsOutOfReachIsNoEngineThatIs() throws Exception {
    containerd().fails("Tasks", "a", Status.UNAVAILABLE);
    try (ContainerdEngine engine = ContainerdEngine.connect(socket)) {
      assertEquals(Set.of("a", "b", "z"), ids(engine));
      assertThrows(Engine.UnreadableException.class, () -> engine.inspect("a"));
      ObservedContainer seen = engine.sight("a").orElseThrow();
      assertTrue(seen.running());
      assertEquals(0, seen.pid());
      assertEquals("api", seen.labels().get("app"));
      assertEquals(43, engine.inspect("z").orElseThrow().pid());
    }
  }

  @Test
  void anEngineThatIsGoneIsGone() throws Exception {
    try (ContainerdEngine engine = ContainerdEngine.connect(socket)) {
      assertEquals(Set.of("a", "b", "z"), ids(engine));
      containerd().close();
      assertThrows(Engine.UnreadableException.class, () -> engine.inspect("a"));
      assertThrows(IOException.class, () -> engine.sight("a"));
    }
  }

  @ParameterizedTest
  @CsvSource({"41,0", "0,2", "0,0", "41,6"})
  void whatATaskDoesIsNotKnownUntilContainerdSaysIt(int pid, int status) throws Exception {
    containerd().task("a", pid, status);
    try (ContainerdEngine engine = ContainerdEngine.connect(socket)) {
      assertEquals(Set.of("a", "b", "z"), ids(engine));
      assertThrows(Engine.UnreadableException.class, () -> engine.inspect("a"));
      containerd().task("a", 41, 3);
      assertFalse(engine.inspect("a").orElseThrow().running());
    }
  }

  @Test
  void aRecordThatIsNoneIsOneContainerThatIsNotSeen() throws Exception {
    containerd().garbled("b");
    try (ContainerdEngine engine = ContainerdEngine.connect(socket)) {
      assertEquals(Set.of("a", "b", "z"), ids(engine));
      assertThrows(Engine.UnreadableException.class, () -> engine.inspect("b"));
      assertEquals(0, engine.sight("b").orElseThrow().pid());
      assertEquals(43, engine.inspect("z").orElseThrow().pid());
    }
  }

  @Test
  void aRecordThatIsTooLargeHidesNobodyWhoRuns() throws Exception {
    containerd().container("b", ContainerdApi.LARGEST_MESSAGE);
    containerd().task("b", 42, 2);
    try (ContainerdEngine engine = ContainerdEngine.connect(socket)) {
      assertEquals(Set.of("a", "b", "z"), ids(engine));
      assertThrows(Engine.UnreadableException.class, () -> engine.inspect("b"));
      assertEquals(0, engine.sight("b").orElseThrow().pid());
      assertEquals(43, engine.inspect("z").orElseThrow().pid());
    }
  }

  @Test
  void ofTooManyLabelsNoMoreAreReadThanShowIt() throws Exception {
    containerd().labelled("b", 2 << 20);
    try (ContainerdEngine engine = ContainerdEngine.connect(socket)) {
      assertEquals(Set.of("a", "b", "z"), ids(engine));
      int size =
          engine.inspect("b").orElseThrow().labels().entrySet().stream()
              .mapToInt(label -> label.getKey().length() + label.getValue().length())
              .sum();
      assertTrue(size > ContainerdIdentity.LARGEST_LABELS, size + " units");
      assertTrue(size < ContainerdIdentity.LARGEST_LABELS + 4_100, size + " units");
    }
  }

  @Test
  void whoSaysThatHeIsDockersIsNotTakenForUnlabelled() throws Exception {
    containerd().container("b", 2, "com.docker/engine.bundle.path=/run/x", "app=db");
    try (ContainerdLookup lookup = new ContainerdLookup(socket)) {
      assertEquals("api", lookup.find("lab", "a").orElseThrow().labels().get("app"));
      assertEquals(Optional.empty(), lookup.find("lab", "none"));
      for (List<String> dockers : List.of(List.of("lab", "b"), List.of("moby", "a"))) {
        IOException refused =
            assertThrows(
                IOException.class, () -> lookup.find(dockers.getFirst(), dockers.getLast()));
        assertTrue(String.valueOf(refused.getMessage()).contains("dataRoot"), refused::toString);
      }
    }
  }

  @Test
  void aContainerAndItsPodAreAskedForInOneTime() throws Exception {
    containerd().inPod("b", "a");
    containerd().pauseMillis = 300;
    try (ContainerdLookup lookup = new ContainerdLookup(socket)) {
      assertEquals("api", lookup.find("lab", "b").orElseThrow().labels().get("app"));
      long left = containerd().millisLeft.getOrDefault("a", Long.MAX_VALUE);
      assertTrue(left <= ContainerdLookup.ANSWER_MILLIS - 300, left + " ms were left");
    }
  }

  @Test
  void ofTooManyLabelsNoMoreAreKeptOfTheRecordItself() throws Exception {
    containerd().labelled("b", 2 << 20);
    try (ContainerdApi api = ContainerdApi.at(socket, 10_000)) {
      int labels = api.container("lab", "b").orElseThrow().labels().size();
      assertEquals(ContainerdIdentity.LARGEST_LABELS / 4_000 + 1, labels, 1);
    }
  }

  /** Not when the pauses between attempts that were made meanwhile allow it. */
  @Test
  void theNextAnswerIsThereAsSoonAsContainerdIs() throws Exception {
    Path path = Path.of(socket);
    try (ContainerdLookup lookup = new ContainerdLookup(socket)) {
      assertTrue(lookup.find("lab", "a").isPresent());
      containerd().close();
      Files.deleteIfExists(path);
      Files.createFile(path);
      for (int refused = 0; refused < 4; refused++) {
        assertThrows(IOException.class, () -> lookup.find("lab", "a"));
      }
      Files.delete(path);
      fake = Optional.of(new FakeContainerd(path));
      containerd().container("a", 2, "app=api");
      assertTrue(lookup.find("lab", "a").isPresent());
    }
  }
}
