package dev.drawbridge.testkit;

import java.util.List;
import java.util.OptionalLong;

/**
 * How many instructions the verifier went through, by kernel and program, when somebody last
 * looked. A program that grows by more than a fifth is looked at again, and the resource {@code
 * verifier.txt} changed in the same commit.
 */
public final class VerifierBaseline {
  private static final long FIFTHS = 5;

  private record Line(String family, String program, long instructions) {
    static Line of(String text) {
      String[] parts = text.split(" ", -1);
      return new Line(parts[0], parts[1], Long.parseLong(parts[2]));
    }
  }

  private static final List<Line> LINES =
      LabImage.resource("verifier.txt")
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .map(Line::of)
          .toList();

  private VerifierBaseline() {}

  /** The line of {@code verifier.txt} for a program on a kernel. */
  public static String line(String release, String program, long instructions) {
    return family(release) + " " + program + " " + instructions;
  }

  /**
   * The most that the program may take on the kernel of that release. A kernel that nobody looked
   * at has the largest number of those that somebody did; a program that nobody looked at has 0.
   */
  public static long most(String release, String program) {
    OptionalLong same =
        LINES.stream()
            .filter(line -> line.family.equals(family(release)) && line.program.equals(program))
            .mapToLong(Line::instructions)
            .findFirst();
    long before =
        same.orElseGet(() ->
            LINES.stream()
                .filter(line -> line.program.equals(program))
                .mapToLong(Line::instructions)
                .max()
                .orElse(0));
    return before + before / FIFTHS;
  }

  /** "6.1.0-56-cloud-amd64" is 6.1. */
  private static String family(String release) {
    return release.replaceFirst("^(\\d+\\.\\d+).*", "$1");
  }
}
