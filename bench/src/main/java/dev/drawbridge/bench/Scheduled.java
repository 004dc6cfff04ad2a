package dev.drawbridge.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Threads by the kernel's account (proc(5), {@code schedstat}): how long they ran, and how long
 * they could have run and waited for a processor. Of a thread that has ended the last that was read
 * counts.
 */
final class Scheduled {
  private static final double NANOS_A_MILLI = 1e6;

  private final Map<Path, long[]> latest = new HashMap<>();
  private final Map<Path, long[]> first = new HashMap<>();

  /** What was read of all threads since {@link #begin}, in milliseconds. */
  record Time(double ran, double waited) {}

  /** Forgets what was. */
  void begin() {
    latest.clear();
    first.clear();
  }

  /** Reads those threads of a process whose names are wanted. */
  void look(long process, Predicate<String> names) {
    Path tasks = Path.of("/proc", Long.toString(process), "task");
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
      for (Path thread : threads) {
        if (names.test(Files.readString(thread.resolve("comm")).strip())) {
          String[] words = Files.readString(thread.resolve("schedstat")).strip().split(" ", -1);
          long[] now = {Long.parseLong(words[0]), Long.parseLong(words[1])};
          first.putIfAbsent(thread, now);
          latest.put(thread, now);
        }
      }
    } catch (IOException | java.nio.file.DirectoryIteratorException _) {
      // It has ended.
    }
  }

  Time since() {
    double ran = 0;
    double waited = 0;
    for (Map.Entry<Path, long[]> entry : latest.entrySet()) {
      long[] before = first.getOrDefault(entry.getKey(), entry.getValue());
      ran += (entry.getValue()[0] - before[0]) / NANOS_A_MILLI;
      waited += (entry.getValue()[1] - before[1]) / NANOS_A_MILLI;
    }
    return new Time(ran, waited);
  }

  /** The processes of a container, by its identifier. */
  static List<Long> processes(String container) {
    try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
      return all.map(ProcessHandle::pid).filter(pid -> isOf(pid, container)).toList();
    }
  }

  private static boolean isOf(long process, String container) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(process), "cgroup"))
          .contains(container);
    } catch (IOException _) {
      // It has ended.
      return false;
    }
  }
}
