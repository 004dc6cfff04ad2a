package dev.drawbridge.policy;

import java.util.ArrayList;
import java.util.List;

/** What the host's policy files declare, in the order of the files and of their lines. */
public record HostPolicy(List<Rule> rules) {
  /** No file, or empty ones. */
  public static final HostPolicy NONE = new HostPolicy(List.of());

  public HostPolicy {
    rules = List.copyOf(rules);
  }

  /** This file's rules, then another's. */
  public HostPolicy and(HostPolicy other) {
    var all = new ArrayList<Rule>(rules);
    all.addAll(other.rules);
    return new HostPolicy(all);
  }
}
