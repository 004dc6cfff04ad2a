package dev.drawbridge.policy;

/** Seen from the container whose rule it is. Ordinals equal {@code enum db_direction} in abi.h. */
public enum Direction {
  EGRESS,
  INGRESS
}
