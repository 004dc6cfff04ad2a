package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.EngineLimits;
import java.util.List;
import java.util.stream.Stream;

/** Texts of a peer as records have them: cut, and so marked, at a length that has a name. */
public final class Recorded {
  private static final String MORE = "…";

  private Recorded() {}

  public static String method(String sent) {
    return cut(sent, EngineLimits.RECORDED_METHOD);
  }

  public static String path(String sent) {
    return cut(sent, EngineLimits.RECORDED_PATH);
  }

  /** As many of them as together are no longer than a path may be. */
  public static List<String> list(List<String> sent) {
    int length = 0;
    for (int i = 0; i < sent.size(); i++) {
      length += sent.get(i).length() + 1;
      if (length > EngineLimits.RECORDED_PATH) {
        return Stream.concat(sent.stream().limit(i), Stream.of(MORE)).toList();
      }
    }
    return sent;
  }

  /** Any other text, as long as a path may be. */
  public static String text(String sent) {
    return cut(sent, EngineLimits.RECORDED_PATH);
  }

  private static String cut(String sent, int most) {
    return sent.length() <= most ? sent : sent.substring(0, most - 1) + MORE;
  }
}
