package dev.drawbridge.it.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A guest that hangs is ended, and it is said how it hung. */
final class QemuTest {
  private static final Duration SHORT = Duration.ofSeconds(1);
  private static final Duration LONG = Duration.ofMinutes(1);

  @TempDir private Path directory;

  @Test
  void oneThatEndsIsLeftAlone() throws Exception {
    assertEquals("", watch("echo DONE >$0", LONG, LONG));
  }

  @Test
  void oneThatSaysNothingMoreIsEnded() throws Exception {
    assertEquals("said nothing for 1 s", watch("echo BEGIN load >$0; sleep 600", LONG, SHORT));
  }

  @Test
  void oneThatGoesOnForeverIsEnded() throws Exception {
    assertEquals(
        "did not end within 1 s",
        watch("while echo still here >>$0; do sleep 0.1; done", SHORT, LONG));
  }

  private String watch(String script, Duration most, Duration mostSilent) throws Exception {
    Path console = directory.resolve("console");
    Process process = new ProcessBuilder("sh", "-c", script, console.toString()).start();
    String said = Qemu.watch(process, console, most, mostSilent);
    assertFalse(process.isAlive());
    return said;
  }
}
