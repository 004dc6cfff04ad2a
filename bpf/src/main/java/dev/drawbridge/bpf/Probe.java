package dev.drawbridge.bpf;

/** Whether the running kernel has a feature. */
public sealed interface Probe {
  /** It has. */
  record Supported() implements Probe {}

  /**
   * It has not.
   *
   * @param reason one sentence
   * @param since the Linux release that brought it, such as "5.9"
   */
  record Unsupported(String reason, String since) implements Probe {}

  /**
   * The question could not be asked, for instance for lack of privilege. Never cached.
   *
   * @param cause one sentence
   */
  record Unknown(String cause) implements Probe {}
}
