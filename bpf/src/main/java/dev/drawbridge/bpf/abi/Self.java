package dev.drawbridge.bpf.abi;

import java.nio.ByteBuffer;

/**
 * {@code struct db_self}, value of map {@code self}: whose cgroup a program is attached to.
 *
 * @param endpoint 0 when the agent has not written it yet: the kernel denies
 */
public record Self(int endpoint, Kind kind) {
  /** Bytes in the kernel. */
  public static final int SIZE = 8;

  /** {@code enum db_self_kind}. */
  public enum Kind implements KernelNumber {
    NONE(0),
    CONTAINER(1),
    AGENT(2);

    private final int number;

    Kind(int number) {
      this.number = number;
    }

    @Override
    public int number() {
      return number;
    }
  }

  public Self {
    NativeOrder.checkNotNegative(endpoint, "endpoint");
  }

  public byte[] encode() {
    return NativeOrder.bytes(NativeOrder.allocate(SIZE).putInt(endpoint).putInt(kind.number()));
  }

  public static Self decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_self");
    int endpoint = in.getInt();
    return new Self(
        endpoint,
        NativeOrder.constant(Kind.class, NativeOrder.checkNotNegative(in.getInt(), "kind")));
  }
}
