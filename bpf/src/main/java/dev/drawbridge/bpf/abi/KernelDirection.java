package dev.drawbridge.bpf.abi;

/** {@code enum db_direction}, from the owner's point of view. */
public enum KernelDirection implements KernelNumber {
  EGRESS(0),
  INGRESS(1);

  private final int number;

  KernelDirection(int number) {
    this.number = number;
  }

  @Override
  public int number() {
    return number;
  }
}
