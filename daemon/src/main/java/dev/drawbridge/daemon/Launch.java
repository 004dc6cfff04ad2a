package dev.drawbridge.daemon;

import dev.drawbridge.daemon.succession.Heirs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts this agent's successor by the program that this one was started by, as it is by now: with
 * the same arguments and environment, and as nobody's child, so that its end is told to whoever
 * collects orphans and supervises it.
 */
final class Launch implements Heirs.Launcher {
  /** Set by the program that starts the JVM: where that program is. */
  private static final String PROGRAM = "drawbridge.agent";

  /** What says to whom a service manager's wish for signs of life is addressed. */
  private static final String WATCHED = "WATCHDOG_PID";

  static {
    // The default goes by a helper of the Java runtime, which an upgrade may just have exchanged.
    System.setProperty("jdk.lang.Process.launchMechanism", "FORK");
  }

  private final List<String> arguments;

  Launch(List<String> arguments) {
    this.arguments = arguments;
  }

  @Override
  public void launch() throws IOException {
    String program = System.getProperty(PROGRAM, "");
    if (program.isEmpty() || !Files.isExecutable(Path.of(program))) {
      throw new IOException("there is no program to start a successor by; restart the agent");
    }
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of("/bin/sh", "-c", "setsid \"$@\" </dev/null &", "sh", program, Main.TAKE_OVER));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    String _ = builder.environment().remove(WATCHED);
    try {
      int status = builder.start().waitFor();
      if (status != 0) {
        throw new IOException("a successor could not be started: exit status " + status);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
