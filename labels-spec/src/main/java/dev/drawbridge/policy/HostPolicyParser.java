package dev.drawbridge.policy;

import java.util.List;

/** Reads a host policy file. */
public final class HostPolicyParser {
  private HostPolicyParser() {}

  /** What the file declares. */
  public static Parsed<HostPolicy> parse(String fileName, String text) {
    return new Parsed<>(HostPolicy.NONE, List.of());
  }
}
