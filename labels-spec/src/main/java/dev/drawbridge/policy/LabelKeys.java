package dev.drawbridge.policy;

/** Which label keys are ours. */
final class LabelKeys {
  static final String ROOT = "drawbridge";
  static final String MODE = "drawbridge.mode";
  static final String POLICY = "drawbridge.policy";

  private LabelKeys() {}

  /** Drawbridge's own labels are no identity. */
  static boolean isDrawbridge(String key) {
    return key.equals(ROOT) || key.startsWith("drawbridge.");
  }
}
