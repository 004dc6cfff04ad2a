package dev.drawbridge.bpf.abi;

import java.util.Optional;

/**
 * How many entries each map of the programs may have, by the map's name in {@code maps.h}. A map
 * that is full never lets anything pass: see {@link #whenFull}.
 */
public enum MapLimit {
  /** Containers that are guarded at once. */
  ENDPOINTS("endpoints", 16_384, 1, 1 << 24, WhenFull.REFUSES),
  /** Addresses of containers, of the host, and ranges that rules name. */
  ADDRESSES("addresses", 65_536, 1, 1 << 24, WhenFull.REFUSES),
  /** Pairs of containers, or container and range, that a rule judges apart. */
  PAIRS("pairs", 262_144, 1, 1 << 26, WhenFull.REFUSES),
  /** Different lists of ports. */
  TABLES("tables", 65_536, 1, 1 << 24, WhenFull.REFUSES),
  /** Handshakes and datagram flows that are under way. */
  FLOWS("flows", 65_536, 512, 1 << 24, WhenFull.FORGETS_OF_MOST),
  /** Redirected connections whose handshake with the engine is under way. */
  ORIGINS("origins", 16_384, 256, 1 << 24, WhenFull.FORGETS),
  /** Network namespaces with an engine, twice. */
  LISTENERS("listeners", 16_384, 2, 1 << 24, WhenFull.REFUSES),
  /** Cgroups below a guarded parent. */
  GUARDED("guarded", 16_384, 1, 1 << 24, WhenFull.REFUSES),
  /** Interfaces of the host that lead to a container whose frames are judged. */
  VETHS("veths", 16_384, 1, 1 << 20, WhenFull.REFUSES),
  /** Endpoints whose records are counted apart, twice. */
  BUDGETS("budgets", 4_096, 256, 1 << 20, WhenFull.FORGETS),
  /** Bytes of records that nobody has read yet: a power of two, of pages. */
  EVENTS("events", 1 << 20, 1 << 16, 1 << 28, WhenFull.COUNTS);

  /** What happens to what does not fit any more. */
  public enum WhenFull {
    /** The agent's write fails with {@code MapFull}; that container alone is closed. */
    REFUSES,
    /** The entry used longest ago goes, and what it explained is denied, with a record. */
    FORGETS,
    /** An entry of who has most of them goes, and what it explained is denied, with a record. */
    FORGETS_OF_MOST,
    /** The record is lost, and counted in map {@code lost}; no verdict changes. */
    COUNTS
  }

  private final String map;
  private final int standard;
  private final int least;
  private final int most;
  private final WhenFull whenFull;

  MapLimit(String map, int standard, int least, int most, WhenFull whenFull) {
    this.map = map;
    this.standard = standard;
    this.least = least;
    this.most = most;
    this.whenFull = whenFull;
  }

  /** The map's name. */
  public String map() {
    return map;
  }

  /** Entries unless configured otherwise (bytes for {@link #EVENTS}). */
  public int standard() {
    return standard;
  }

  /** The least that may be configured. */
  public int least() {
    return least;
  }

  /** The most that may be configured. */
  public int most() {
    return most;
  }

  public WhenFull whenFull() {
    return whenFull;
  }

  /** The limit of a map, if it has one that can be set. */
  public static Optional<MapLimit> of(String map) {
    if (map.equals("flow_places")) {
      return Optional.of(FLOWS);
    }
    for (MapLimit limit : values()) {
      if (limit.map.equals(map)) {
        return Optional.of(limit);
      }
    }
    return Optional.empty();
  }

  int checked(int size) {
    int checked = NativeOrder.checkRange(size, most, "limit " + map);
    if (checked < least) {
      throw new IllegalArgumentException("limit %s is below %d: %d".formatted(map, least, checked));
    }
    if (this == EVENTS && Integer.bitCount(checked) != 1) {
      throw new IllegalArgumentException("limit events is no power of two: " + checked);
    }
    return checked;
  }
}
