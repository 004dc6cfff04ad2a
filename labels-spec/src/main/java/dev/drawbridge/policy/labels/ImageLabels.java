package dev.drawbridge.policy.labels;

/** What the host's configuration says of labels that were baked into an image. */
public enum ImageLabels {
  /** They count like any other, but for what no image decides: see {@link Provenance}. */
  COUNT,
  /** They are as if they were not there: neither identity nor policy. */
  IGNORE
}
