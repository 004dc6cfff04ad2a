package dev.drawbridge.policy.language;

import java.util.List;
import java.util.stream.Stream;

/** Ends of names that nobody outside can own. */
final class InsideNames {
  /** RFC 6761, 6762 with its appendix G, 8375; {@code internal} by ICANN's board in 2024. */
  static final List<List<String>> END_WITH =
      Stream.of(
              "internal",
              "local",
              "localhost",
              "test",
              "home.arpa",
              "lan",
              "home",
              "corp",
              "intranet",
              "private")
          .map(end -> List.of(end.split("\\.")))
          .toList();

  private InsideNames() {}
}
