package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.EngineLimits;

/** Texts of a peer as records have them: cut, and so marked, at a length that has a name. */
final class Recorded {
  private static final String MORE = "…";

  private Recorded() {}

  static String method(String sent) {
    return cut(sent, EngineLimits.RECORDED_METHOD);
  }

  static String path(String sent) {
    return cut(sent, EngineLimits.RECORDED_PATH);
  }

  private static String cut(String sent, int most) {
    return sent.length() <= most ? sent : sent.substring(0, most - 1) + MORE;
  }
}
