package dev.drawbridge.bpf.abi;

import java.util.Arrays;
import java.util.Optional;

/** {@code enum db_file}: a file of the programs in which something is refused. */
public enum KernelFile implements KernelNumber {
  CONNECT(1, "connect.bpf.c"),
  SENDMSG(2, "sendmsg.bpf.c"),
  SKB_EGRESS(3, "skb_egress.bpf.c"),
  SKB_INGRESS(4, "skb_ingress.bpf.c"),
  SK_LOOKUP(5, "sk_lookup.bpf.c"),
  SOCK_OPS(6, "sock_ops.bpf.c"),
  AGENT_EGRESS(7, "agent_egress.bpf.c"),
  GUARD(8, "guard.bpf.c"),
  VETH(9, "veth.bpf.c"),
  LOOPBACK(10, "loopback.h");

  private final int number;
  private final String fileName;

  KernelFile(int number, String fileName) {
    this.number = number;
    this.fileName = fileName;
  }

  @Override
  public int number() {
    return number;
  }

  /** Its name, without directories. */
  public String fileName() {
    return fileName;
  }

  /** The file of a number; none for one of another version's. */
  public static Optional<KernelFile> of(int number) {
    return Arrays.stream(values()).filter(file -> file.number == number).findFirst();
  }
}
