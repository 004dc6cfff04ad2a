package dev.drawbridge.policy.language;

/** Which paths an HTTP rule is about. */
public sealed interface PathPattern {
  /**
   * {@code /posts/**}: {@code *} alone is one segment, within a segment any run of characters but
   * the slash, {@code **} any number of segments.
   */
  record Glob(String pattern) implements PathPattern {
    @Override
    public String print() {
      return pattern;
    }
  }

  /** {@code matching REGEX}: the whole path must match. */
  record Regex(String pattern) implements PathPattern {
    @Override
    public String print() {
      return "matching " + pattern;
    }
  }

  /** The canonical spelling. */
  String print();
}
