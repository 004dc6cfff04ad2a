package dev.drawbridge.it;

import dev.drawbridge.testkit.LabException;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** This machine's crun as engines can use it here. */
public final class Crun {
  private Crun() {}

  /**
   * A program that starts it. Crun takes no hierarchy that is version 1 in part: where there is
   * one, it sees version 2 alone, and no limits of resources, whose controllers it would not find
   * there.
   *
   * @param option of crun's own, before its command; may be empty
   */
  public static String wrapped(Path program, String option) {
    Path cgroup2 = rootCgroup();
    // The engine's own: an older one does not know the version of the specification.
    String crun = Shell.must("sh", "-c", "command -v crun").strip();
    boolean whole = cgroup2.equals(Path.of("/sys/fs/cgroup"));
    try {
      Files.writeString(
          program,
          """
          #!/bin/sh
          %s && exec %s %s "$@"
          before=
          for word in "$@"; do
            if [ "$before" = --bundle ]; then
              sed -i 's/"resources":{/"unlimited":{/' "$word/config.json"
            fi
            before=$word
          done
          exec unshare --mount --propagation slave sh -c \\
            'mount --bind %s /sys/fs/cgroup && exec %s %s "$@"' crun "$@"
          """
              .formatted(whole, crun, option, cgroup2, crun, option));
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    } catch (IOException e) {
      throw new LabException("cannot write " + program + ": " + e.getMessage(), e);
    }
    return program.toString();
  }

  private static Path rootCgroup() {
    String mounts = Shell.must("cat", "/proc/self/mountinfo");
    return mounts
        .lines()
        .filter(line -> line.contains(" - cgroup2 "))
        .map(line -> Path.of(line.split(" ", 6)[4]))
        .findFirst()
        .orElseThrow(() -> new LabException("there is no cgroup2 hierarchy"));
  }
}
