package dev.drawbridge.api;

import java.util.Optional;

/**
 * Which records to show.
 *
 * @param container a container's name on either side, exactly
 */
public record FlowFilter(Optional<Outcome> verdict, Optional<String> container) {

  public static final FlowFilter ALL = new FlowFilter(Optional.empty(), Optional.empty());

  public boolean passes(FlowReport flow) {
    return verdict.map(v -> v == flow.verdict()).orElse(true)
        && container
            .map(c -> c.equals(flow.from().name()) || c.equals(flow.to().name()))
            .orElse(true);
  }
}
