package dev.drawbridge.policy.kernel;

import java.util.List;

/**
 * What the kernel looks up: no range holds the port, then the side denies.
 *
 * @param ranges disjoint, sorted by protocol and low port, at most {@link #MAX_RANGES}
 * @param firm whether what no range holds is denied in audit mode too
 */
public record PortTable(List<PortRange> ranges, boolean firm) {
  /** DB_MAX_RANGES in abi.h. */
  public static final int MAX_RANGES = 32;

  public PortTable {
    ranges = List.copyOf(ranges);
  }

  /** What audit mode lets pass where no range holds it. */
  public PortTable(List<PortRange> ranges) {
    this(ranges, false);
  }
}
