package dev.drawbridge.bpf;

/** {@code enum db_hook}: which program decided. */
public enum KernelHook implements KernelNumber {
  UNKNOWN(0),
  CONNECT4(1),
  CONNECT6(2),
  SENDMSG4(3),
  SENDMSG6(4),
  SKB_EGRESS(5),
  SKB_INGRESS(6),
  SK_LOOKUP(7),
  SOCK_OPS(8),
  VETH(9);

  private final int number;

  KernelHook(int number) {
    this.number = number;
  }

  @Override
  public int number() {
    return number;
  }
}
