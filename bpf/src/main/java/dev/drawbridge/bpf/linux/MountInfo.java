package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.failure.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One mount of this process's mount namespace, from proc_pid_mountinfo(5).
 *
 * @param root which directory of the file system is mounted; "/" for all of it
 */
public record MountInfo(String root, String point, String type) {
  private static final Path SELF = Path.of("/proc/self/mountinfo");
  private static final Pattern OCTAL = Pattern.compile("\\\\([0-7]{3})");

  public static List<MountInfo> read() {
    try {
      return parse(Files.readAllLines(SELF));
    } catch (IOException e) {
      throw Failures.of("read", SELF, e);
    }
  }

  /** Lines that are not understood are left out: later kernels may add kinds we do not need. */
  static List<MountInfo> parse(List<String> lines) {
    List<MountInfo> mounts = new ArrayList<>();
    lines.forEach(line -> parse(line).ifPresent(mounts::add));
    return List.copyOf(mounts);
  }

  private static Optional<MountInfo> parse(String line) {
    // id parent major:minor root point options [optional fields ...] - type source super-options
    int separator = line.indexOf(" - ");
    if (separator < 0) {
      return Optional.empty();
    }
    List<String> left = List.of(line.substring(0, separator).split(" ", -1));
    List<String> right = List.of(line.substring(separator + 3).split(" ", -1));
    if (left.size() < 6 || right.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new MountInfo(unescape(left.get(3)), unescape(left.get(4)), right.getFirst()));
  }

  /** Space, tab, newline and backslash are written as three octal digits. */
  private static String unescape(String field) {
    return OCTAL
        .matcher(field)
        .replaceAll(found ->
            Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(found.group(1), 8))));
  }
}
