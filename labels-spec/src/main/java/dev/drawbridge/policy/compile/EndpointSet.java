package dev.drawbridge.policy.compile;

import java.util.Arrays;

/** Endpoint numbers, ascending. */
public final class EndpointSet {
  public static final EndpointSet NONE = new EndpointSet(new int[0]);

  private final int[] endpoints;

  private EndpointSet(int[] endpoints) {
    this.endpoints = endpoints;
  }

  static EndpointSet ofSorted(int[] endpoints) {
    return endpoints.length == 0 ? NONE : new EndpointSet(endpoints);
  }

  public boolean contains(int endpoint) {
    return Arrays.binarySearch(endpoints, endpoint) >= 0;
  }

  public boolean isEmpty() {
    return endpoints.length == 0;
  }

  public int[] raw() {
    return endpoints;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof EndpointSet other && Arrays.equals(endpoints, other.endpoints);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(endpoints);
  }
}
