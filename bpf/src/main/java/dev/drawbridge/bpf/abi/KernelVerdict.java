package dev.drawbridge.bpf.abi;

/** {@code enum db_verdict}. */
public enum KernelVerdict implements KernelNumber {
  DENY(0),
  ENGINE(1),
  ALLOW(2),
  /** Only in events: denied, but let pass because the owner is in audit mode. */
  AUDIT(3);

  private final int number;

  KernelVerdict(int number) {
    this.number = number;
  }

  @Override
  public int number() {
    return number;
  }
}
