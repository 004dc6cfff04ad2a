package dev.drawbridge.policy;

/** Seen from the container whose rule it is. */
public enum Direction {
  EGRESS(0),
  INGRESS(1);

  private final int code;

  Direction(int code) {
    this.code = code;
  }

  /** {@code enum db_direction} in abi.h. */
  public int code() {
    return code;
  }
}
