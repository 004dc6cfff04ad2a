package dev.drawbridge.daemon.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.daemon.loop.LoggedHooks;
import dev.drawbridge.daemon.loop.PolicyDirectory;
import dev.drawbridge.hook.HookHandler;
import dev.drawbridge.hook.HookReply;
import dev.drawbridge.hook.OciState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the agent's log tells an operator, and what it does not. */
class AgentLogTest {
  private static final Logger OURS = Logger.getLogger("dev.drawbridge.daemon");

  @TempDir Path directory;
  @TempDir Path kept;
  private final List<String> lines = new ArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord record) {
          lines.add(record.getLevel() + " " + record.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    OURS.addHandler(handler);
  }

  @AfterEach
  void leave() {
    OURS.removeHandler(handler);
  }

  private void policy(String text) throws IOException {
    Path file = directory.resolve("a.policy");
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
  }

  @Test
  void policyFilesThatAreTakenTurnedDownAndGoneAreToldOnce() throws IOException {
    PolicyDirectory files = new PolicyDirectory(directory, kept);
    List<List<String>> told = new ArrayList<>();
    for (String text :
        List.of(
            "app=a may GET / on app=b\nproject:x is audited\n",
            "app=a can GET / on app=b\n",
            "app=a may GET / on app=b\n")) {
      policy(text);
      files.refresh();
      files.refresh();
      files.refresh();
      told.add(List.copyOf(lines));
      lines.clear();
    }
    Files.delete(directory.resolve("a.policy"));
    files.refresh();
    files.refresh();
    told.add(List.copyOf(lines));
    assertEquals(List.of("INFO policy file a.policy in force: 1 rule, 1 audit"), told.get(0));
    assertEquals(1, told.get(1).size(), told.toString());
    String refused = told.get(1).getFirst();
    assertTrue(
        refused.startsWith(
            "WARNING policy file a.policy is not taken, its last good content stays in force:"
                + " DB0103 a.policy:1"),
        refused);
    assertEquals(List.of("INFO policy file a.policy in force: 1 rule"), told.get(2));
    assertEquals(List.of("INFO policy file a.policy is gone: its rules hold no more"), told.get(3));
  }

  /** A handler that answers as it is told. */
  private record Answers(HookReply reply) implements HookHandler {
    @Override
    public HookReply patch(String id, Path bundle, boolean startIsAsked) {
      return reply;
    }

    @Override
    public HookReply createRuntime(OciState state) {
      return reply;
    }

    @Override
    public HookReply start(String id) {
      return reply;
    }

    @Override
    public void poststop(OciState state) {}
  }

  @Test
  void containersThatAreRefusedAreToldOnOneLine() {
    HookReply refusal = HookReply.refuse("container web has a broken label:\n\u001b[31m");
    assertEquals(refusal, new LoggedHooks(new Answers(refusal)).start("abc"));
    assertEquals(
        List.of("WARNING refused abc: container web has a broken label:  [31m"),
        List.copyOf(lines));
    lines.clear();
    new LoggedHooks(new Answers(HookReply.goUnguarded())).patch("abc", directory, true);
    assertEquals(List.of("INFO container abc is exempt: it starts unguarded"), List.copyOf(lines));
    lines.clear();
    new LoggedHooks(new Answers(HookReply.go())).patch("abc", directory, true);
    assertEquals(List.of(), lines);
  }

  @Test
  void librariesAreHeardOnFailuresOnly() {
    AgentLog.setUp();
    for (String library :
        List.of(
            "org.apache.hc.client5.http.impl.classic.HttpRequestRetryExec",
            "com.github.dockerjava.core.command.AbstrDockerCmd",
            "io.netty.util.internal.PlatformDependent")) {
      assertFalse(Logger.getLogger(library).isLoggable(Level.WARNING), library);
      assertTrue(Logger.getLogger(library).isLoggable(Level.SEVERE), library);
    }
    assertTrue(Logger.getLogger("dev.drawbridge.daemon.Agent").isLoggable(Level.INFO));
  }
}
