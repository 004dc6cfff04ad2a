package dev.drawbridge.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.runtime.podman.Db;
import dev.drawbridge.runtime.podman.PodmanContainers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class PodmanEngineTest {
  private static final String A = "a".repeat(64);
  private static final String B = "b".repeat(64);

  @TempDir private Path root;

  private PodmanContainers containers() {
    return new PodmanContainers(
        root, (_, _) -> Optional.of(new TreeMap<>()), (_, pid) -> pid == 42);
  }

  private static String config(String id) {
    return "{\"id\":\"" + id + "\",\"name\":\"web\"}";
  }

  @Test
  @Timeout(60)
  void whatIsWrittenIsTold() throws Exception {
    assertThrows(IOException.class, () -> PodmanEngine.connect(root, containers()));
    Db db = new Db(root);
    db.container(A, config(A), "{\"state\":2}");
    try (Engine engine = PodmanEngine.connect(root, containers());
        Engine.Changes changes = engine.subscribe()) {
      assertEquals(1, engine.list().size());
      assertTrue(engine.list().getFirst().running(), "it may run, for all that the list says");
      db.container(A, config(A), "{\"state\":3,\"pid\":42}");
      assertEquals(Set.of(A), changes.next());
      assertEquals(42, engine.inspect(A).orElseThrow().pid());
      db.container(B, config(B), "{\"state\":1}");
      assertEquals(Set.of(B), changes.next());
      db.remove(A);
      assertEquals(Set.of(A), changes.next());
      assertEquals(Optional.empty(), engine.inspect(A));
      assertEquals(Optional.empty(), engine.sight(A));
      db.container(B, "{}", "{\"state\":1}");
      assertThrows(Engine.UnreadableException.class, () -> engine.inspect(B));
      assertFalse(engine.sight(B).isEmpty());
      assertEquals(Optional.empty(), changes.next(1), "nothing that matters has changed");
      Files.delete(root.resolve("db.sql"));
      assertEquals(Set.of(), changes.next());
      assertTrue(changes.endedBecause().contains("gone"), changes.endedBecause());
    }
  }
}
