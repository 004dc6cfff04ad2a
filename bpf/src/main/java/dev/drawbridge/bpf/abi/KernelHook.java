package dev.drawbridge.bpf.abi;

import java.util.Arrays;

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

  /** The hook of a number; {@link #UNKNOWN} for one of another version's. */
  static KernelHook of(int number) {
    return Arrays.stream(values())
        .filter(hook -> hook.number == number)
        .findFirst()
        .orElse(UNKNOWN);
  }
}
