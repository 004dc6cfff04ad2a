package dev.drawbridge.bpf.abi;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Scalars and addresses as {@code abi.h} lays them out: scalars in the machine's byte order,
 * addresses as 16 bytes in network order with IPv4 as {@code ::ffff:a.b.c.d}.
 *
 * <p>Peers are {@code __u32} in the kernel and {@code int} here, unchecked: the numbers of networks
 * begin at 2^31 ({@code DB_FIRST_NETWORK}) and so are negative. Endpoints never are.
 */
public final class NativeOrder {
  private static final int ADDRESS_BYTES = 16;

  private NativeOrder() {}

  /** A {@code __u32} key or value. */
  public static byte[] u32(int value) {
    return bytes(allocate(Integer.BYTES).putInt(value));
  }

  /** A {@code __u64} key or value. */
  public static byte[] u64(long value) {
    return bytes(allocate(Long.BYTES).putLong(value));
  }

  /** Reads a {@code __u32}; values above 2^31-1 come out negative. */
  public static int asU32(byte[] bytes) {
    return wrap(bytes, Integer.BYTES, "__u32").getInt();
  }

  /** Reads a {@code __u64}; values above 2^63-1 come out negative. */
  public static long asU64(byte[] bytes) {
    return wrap(bytes, Long.BYTES, "__u64").getLong();
  }

  /** The 16 bytes of {@code struct db_address}. */
  public static byte[] address(InetAddress address) {
    byte[] raw = address.getAddress();
    if (raw.length == ADDRESS_BYTES) {
      return raw;
    }
    byte[] mapped = new byte[ADDRESS_BYTES];
    mapped[10] = (byte) 0xff;
    mapped[11] = (byte) 0xff;
    System.arraycopy(raw, 0, mapped, 12, 4);
    return mapped;
  }

  /** The address in 16 bytes; {@code ::ffff:a.b.c.d} becomes an {@code Inet4Address}. */
  public static InetAddress asAddress(byte[] bytes) {
    if (bytes.length != ADDRESS_BYTES) {
      throw new IllegalArgumentException(
          "struct db_address has 16 bytes, these are " + bytes.length);
    }
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new AssertionError("16 bytes are always an address", e);
    }
  }

  public static ByteBuffer allocate(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
  }

  /** The whole array behind a buffer of {@link #allocate}. */
  @SuppressWarnings("ByteBufferBackingArray")
  public // allocate() gives buffers without an offset
  static byte[] bytes(ByteBuffer allocated) {
    return allocated.array();
  }

  /** A view of exactly {@code size} bytes: a wrong size is a layout that differs from abi.h. */
  public static ByteBuffer wrap(byte[] bytes, int size, String struct) {
    if (bytes.length != size) {
      throw new IllegalArgumentException(
          "%s has %d bytes, these are %d".formatted(struct, size, bytes.length));
    }
    return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
  }

  public static void putAddress(ByteBuffer target, InetAddress address) {
    target.put(address(address));
  }

  public static InetAddress address(ByteBuffer source) {
    byte[] bytes = new byte[ADDRESS_BYTES];
    source.get(bytes);
    return asAddress(bytes);
  }

  public static int u8(ByteBuffer source) {
    return Byte.toUnsignedInt(source.get());
  }

  public static int u16(ByteBuffer source) {
    return Short.toUnsignedInt(source.getShort());
  }

  public static long unsigned32(ByteBuffer source) {
    return Integer.toUnsignedLong(source.getInt());
  }

  public static int checkPort(int port) {
    return checkRange(port, 0xffff, "port");
  }

  public static int checkU8(int value, String what) {
    return checkRange(value, 0xff, what);
  }

  static long checkU32(long value, String what) {
    if (value < 0 || value > 0xffff_ffffL) {
      throw new IllegalArgumentException(what + " does not fit 32 bits unsigned: " + value);
    }
    return value;
  }

  public static int checkNotNegative(int value, String what) {
    return checkRange(value, Integer.MAX_VALUE, what);
  }

  public static int checkRange(int value, int max, String what) {
    if (value < 0 || value > max) {
      throw new IllegalArgumentException("%s is outside 0..%d: %d".formatted(what, max, value));
    }
    return value;
  }

  /** The enum constant the kernel means by {@code number}. */
  static <E extends Enum<E> & KernelNumber> E constant(Class<E> type, int number) {
    E[] all = type.getEnumConstants();
    for (E constant : all) {
      if (constant.number() == number) {
        return constant;
      }
    }
    throw new IllegalArgumentException(
        "%s has no number %d; known are %s"
            .formatted(type.getSimpleName(), number, Arrays.toString(all)));
  }
}
