package dev.drawbridge.testkit;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A mount namespace of a lab's own: its engine, agent and containers may see other files than this
 * machine's processes do. It ends with the process that holds it and those that entered it.
 */
final class LabMounts {
  private static final Duration START = Duration.ofSeconds(10);

  private final LabDaemon holder;

  private LabMounts(LabDaemon holder) {
    this.holder = holder;
  }

  /**
   * Makes the namespace; nothing that is mounted in it is seen outside.
   *
   * @param directory the lab's own
   * @param script what the shell runs in there first; it may name the directory as {@code $1}
   */
  static LabMounts make(Path directory, String script) {
    Path made = directory.resolve("mounted");
    LabDaemon holder =
        LabDaemon.start(
            "mounts",
            directory,
            Map.of(),
            List.of(
                "unshare",
                "--mount",
                "sh",
                "-euc",
                script + "\n: >\"$1/mounted\"\nexec tail -f \"$1/mounted\"",
                "sh",
                directory.toString()));
    holder.ready(START, () -> Files.exists(made));
    return new LabMounts(holder);
  }

  /** The same command, as a process of this namespace would run it. */
  List<String> enter(List<String> command) {
    List<String> inside =
        new ArrayList<>(List.of("nsenter", "--mount=/proc/" + holder.pid() + "/ns/mnt"));
    inside.addAll(command);
    return inside;
  }

  void stop() {
    holder.stop();
  }
}
