package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** drawbridge-runc and an agent that is just away: a restart, or a boot in the wrong order. */
// An agent that only has to be there is referenced by nobody.
@SuppressWarnings("try")
final class WaitTest {
  @TempDir Path directory;

  @Test
  void anAgentThatStartsLaterIsFound() throws Exception {
    var shim = new Programs.Shim(directory, "agent_wait_ms=20000");
    CompletableFuture<Programs.Outcome> start = new CompletableFuture<>();
    Thread.ofPlatform()
        .start(() -> {
          try {
            start.complete(shim.run("create", "box"));
          } catch (Exception e) {
            start.completeExceptionally(e);
          }
        });
    // Many times what it takes to find nobody there for the first time.
    LockSupport.parkNanos(300_000_000);
    assertTrue(!start.isDone());
    try (var agent = new RecordingAgent(shim.socket)) {
      assertEquals(0, start.join().exit(), () -> start.join().err());
      assertEquals(List.of("patch box " + shim.bundle), agent.asked);
    }
  }

  @Test
  void anAgentThatEndsBeforeItsAnswerIsAskedAgain() throws Exception {
    var shim = new Programs.Shim(directory, "agent_wait_ms=20000");
    try (var agent = new RawAgent(shim.socket, new AwayAndBack(3))) {
      var outcome = shim.run("create", "box");
      assertEquals(0, outcome.exit(), outcome.err());
    }
  }

  @Test
  void oneThatStaysAwayIsGivenUpWhenTheTimeIsOver() throws Exception {
    var shim = new Programs.Shim(directory, "agent_wait_ms=400");
    var outcome = shim.run("create", "box");
    assertEquals(1, outcome.exit());
    assertEquals(List.of(), shim.reached());
    assertTrue(outcome.took().toMillis() >= 400, outcome.took().toString());
    assertTrue(outcome.took().toMillis() < 5000, outcome.took().toString());
  }

  @Test
  void whatAnAgentRefusesIsNotAskedAgain() throws Exception {
    var shim = new Programs.Shim(directory, "agent_wait_ms=20000");
    try (var agent = new RecordingAgent(shim.socket)) {
      agent.reply = HookReply.refuse("no");
      assertEquals(1, shim.run("create", "box").exit());
      assertEquals(1, agent.asked.size());
    }
  }

  @Test
  void anExemptContainerWaitsForNobody() throws Exception {
    var shim = new Programs.Shim(directory, "agent_wait_ms=600000");
    Files.createFile(shim.exempt.resolve("box"));
    var outcome = shim.run("create", "box");
    assertEquals(0, outcome.exit());
    assertTrue(outcome.took().toMillis() < 5000, outcome.took().toString());
  }
}
