package dev.drawbridge.bpf.abi;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/** The limits that a configuration sets; what it leaves out has its standard size. */
public final class MapSizes {
  private static final MapSizes STANDARD = new MapSizes(new EnumMap<>(MapLimit.class));

  private final Map<MapLimit, Integer> sizes;

  private MapSizes(Map<MapLimit, Integer> sizes) {
    this.sizes = sizes;
  }

  /** Every map as its object file says. */
  public static MapSizes standard() {
    return STANDARD;
  }

  /**
   * These, with one limit set.
   *
   * @throws IllegalArgumentException outside {@link MapLimit#least} to {@link MapLimit#most}, or
   *     for {@code EVENTS} no power of two
   */
  public MapSizes with(MapLimit limit, int size) {
    Map<MapLimit, Integer> changed = new EnumMap<>(MapLimit.class);
    changed.putAll(sizes);
    changed.put(limit, limit.checked(size));
    return new MapSizes(Collections.unmodifiableMap(changed));
  }

  /** The size of one map. */
  public int of(MapLimit limit) {
    return sizes.getOrDefault(limit, limit.standard());
  }

  /** What a map is made with, given what its object file says. */
  public int of(String map, int declared) {
    return MapLimit.of(map).map(limit -> sizes.getOrDefault(limit, declared)).orElse(declared);
  }

  @Override
  public String toString() {
    return sizes.toString();
  }
}
