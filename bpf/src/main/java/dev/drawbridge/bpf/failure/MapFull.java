package dev.drawbridge.bpf.failure;

import dev.drawbridge.bpf.abi.MapLimit;
import java.util.Optional;

/** A map has no room for another entry. What was to be written is not in force. */
public final class MapFull extends BpfException {
  private static final long serialVersionUID = 1L;

  private final String map;
  private final int maxEntries;

  public MapFull(String map, int maxEntries, String errno) {
    super("write to map", map, errno, "all its " + maxEntries + " entries are in use");
    this.map = map;
    this.maxEntries = maxEntries;
  }

  /** The limit that was reached; empty for a map whose size is fixed. */
  public Optional<MapLimit> limit() {
    return MapLimit.of(map);
  }

  public int maxEntries() {
    return maxEntries;
  }
}
