package dev.drawbridge.daemon.host;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** How long this process has existed. */
public final class ProcessAge {

  private static final System.Logger log = System.getLogger(ProcessAge.class.getName());

  /** USER_HZ, which is 100 on every architecture that this runs on. */
  private static final double CLOCK_TICKS_A_SECOND = 100;

  private ProcessAge() {}

  /**
   * Launcher included, to 10 ms: field 22 of /proc/PID/stat against /proc/uptime (proc(5)), both
   * counted from boot. The JDK's own start instant is that field added to the boot time in whole
   * seconds.
   */
  public static Duration now() {
    try {
      String stat = Files.readString(Path.of("/proc/self/stat"));
      String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      double startedAt = Long.parseLong(afterName[19]) / CLOCK_TICKS_A_SECOND;
      double uptime =
          Double.parseDouble(Files.readString(Path.of("/proc/uptime")).split(" ", -1)[0]);
      return Duration.ofMillis(Math.round((uptime - startedAt) * 1000));
    } catch (IOException | RuntimeException e) {
      log.log(Level.DEBUG, "the age of this process", e);
      return Duration.ZERO;
    }
  }
}
