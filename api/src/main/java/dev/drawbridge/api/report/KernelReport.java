package dev.drawbridge.api.report;

import java.util.List;

/**
 * What the running kernel can do of what Drawbridge builds on; printed by {@code drawbridge-agent
 * --features}, with or without an agent that runs.
 *
 * @param release of the running kernel, such as {@code 6.1.0-18-amd64}
 * @param minimum the oldest that Drawbridge is made for, such as {@code 6.1}
 * @param libbpf version of the library in use, such as {@code v1.1}
 * @param features in the order in which they matter
 * @param others programs of others that judge, redirect or rewrite connections too; empty if the
 *     kernel does not tell
 */
public record KernelReport(
    String release, String minimum, String libbpf, List<Feature> features, List<Other> others) {

  /** Whether a feature is there. */
  public enum Presence {
    YES,
    NO,
    /** Nobody could look: most often for want of privileges. */
    UNKNOWN
  }

  /**
   * One of them.
   *
   * @param feature its name, such as {@code sk-lookup}
   * @param meaning what it is, in words
   * @param neededFor what of Drawbridge needs it
   * @param since the Linux release that brought it as Drawbridge needs it
   * @param detail why it is absent or unknown; empty if it is there
   * @param without what is lost without it
   * @param required whether nothing is enforced without it
   */
  public record Feature(
      String feature,
      String meaning,
      String neededFor,
      String since,
      Presence present,
      String detail,
      String without,
      boolean required) {}

  /**
   * Programs of one name, whoever loaded them.
   *
   * @param kind as {@code enum bpf_prog_type} names it, in lower case, such as {@code sk_msg}
   * @param name up to 15 characters of what its loader called it
   * @param count how many of that kind and name
   */
  public record Other(String kind, String name, int count) {}

  public KernelReport {
    features = List.copyOf(features);
    others = List.copyOf(others);
  }
}
