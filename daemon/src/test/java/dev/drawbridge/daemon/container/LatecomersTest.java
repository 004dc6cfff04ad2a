package dev.drawbridge.daemon.container;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LatecomersTest {
  private static final String ID = "a1b2c3d4e5f6";

  @TempDir Path directory;

  @Test
  void theNextAgentKnowsWhoIsOlderThanHisPrograms() throws IOException {
    var before = new Latecomers(directory.resolve("late"));
    assertFalse(before.has(ID));
    before.note(ID);
    before.note(ID);
    var now = new Latecomers(directory.resolve("late"));
    assertTrue(now.has(ID));
    now.forget(ID);
    now.forget(ID);
    assertFalse(before.has(ID));
  }

  @Test
  void whatIsNoIdIsNoFile() throws IOException {
    var latecomers = new Latecomers(directory.resolve("late"));
    latecomers.note("../escaped");
    assertFalse(latecomers.has("../escaped"));
    latecomers.forget("../escaped");
    assertFalse(directory.resolve("escaped").toFile().exists());
  }
}
