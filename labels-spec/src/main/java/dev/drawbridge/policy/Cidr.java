package dev.drawbridge.policy;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * An address or a range of addresses, IPv4 as the kernel contract has it: ::ffff:a.b.c.d.
 *
 * @param bits length of the prefix over 128 bits; an IPv4 /24 has 120
 */
public record Cidr(long high, long low, int bits) implements Comparable<Cidr> {
  private static final long MAPPED = 0xffff_0000_0000L;

  public boolean isIpv4() {
    return high == 0 && (low & ~0xffff_ffffL) == MAPPED && bits >= 96;
  }

  /** The prefix as people write it: over 32 bits for IPv4. */
  public int prefixLength() {
    return isIpv4() ? bits - 96 : bits;
  }

  /** The first address, 16 bytes in network order. */
  public byte[] address() {
    byte[] out = new byte[16];
    for (int i = 0; i < 8; i++) {
      out[i] = (byte) (high >>> (56 - 8 * i));
      out[8 + i] = (byte) (low >>> (56 - 8 * i));
    }
    return out;
  }

  /** Whether every address of {@code other} belongs to this. */
  public boolean contains(Cidr other) {
    return other.bits >= bits
        && (other.high & maskHigh(bits)) == high
        && (other.low & maskLow(bits)) == low;
  }

  /** The same range, written with its first address. */
  public Cidr masked() {
    return new Cidr(high & maskHigh(bits), low & maskLow(bits), bits);
  }

  public String print() {
    String address;
    if (isIpv4()) {
      int v4 = (int) low;
      address =
          ((v4 >>> 24) & 255)
              + "."
              + ((v4 >>> 16) & 255)
              + "."
              + ((v4 >>> 8) & 255)
              + "."
              + (v4 & 255);
    } else {
      address = print6();
    }
    // A word that ends with a colon would need quotes in YAML.
    return bits == 128 && !address.endsWith(":") ? address : address + "/" + prefixLength();
  }

  /** RFC 5952: lower case, the first longest run of zero groups shortened. */
  private String print6() {
    int[] groups = new int[8];
    for (int i = 0; i < 8; i++) {
      groups[i] = (int) ((i < 4 ? high >>> (48 - 16 * i) : low >>> (48 - 16 * (i - 4))) & 0xffff);
    }
    int bestStart = -1;
    int bestLength = 1;
    for (int i = 0; i < 8; ) {
      int j = i;
      while (j < 8 && groups[j] == 0) {
        j++;
      }
      if (j - i > bestLength) {
        bestStart = i;
        bestLength = j - i;
      }
      i = Math.max(j, i + 1);
    }
    var out = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      if (i == bestStart) {
        out.append("::");
        i += bestLength - 1;
        continue;
      }
      if (!out.isEmpty() && out.charAt(out.length() - 1) != ':') {
        out.append(':');
      }
      out.append(Integer.toHexString(groups[i]));
    }
    return out.toString();
  }

  @Override
  public int compareTo(Cidr o) {
    int c = Long.compareUnsigned(high, o.high);
    c = c != 0 ? c : Long.compareUnsigned(low, o.low);
    return c != 0 ? c : Integer.compare(bits, o.bits);
  }

  @Override
  public String toString() {
    return print();
  }

  /** Reads an address or a range; nothing if it is neither. Asks no resolver. */
  public static Optional<Cidr> parse(String text) {
    int slash = text.indexOf('/');
    String address = slash < 0 ? text : text.substring(0, slash);
    boolean colons = address.indexOf(':') >= 0;
    byte[] bytes = colons ? parse6(address) : parse4(address);
    if (bytes.length == 0) {
      return Optional.empty();
    }
    int width = colons ? 128 : 32;
    int bits = width;
    if (slash >= 0) {
      bits = decimal(text.substring(slash + 1), width);
      if (bits < 0) {
        return Optional.empty();
      }
    }
    return Optional.of(of(bytes, colons ? bits : bits + 96));
  }

  /** One address as a range of its own, IPv4 mapped into IPv6. */
  public static Cidr single(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (bytes.length == 16) {
      return of(bytes, 128);
    }
    byte[] mapped = new byte[16];
    mapped[10] = (byte) 0xff;
    mapped[11] = (byte) 0xff;
    System.arraycopy(bytes, 0, mapped, 12, 4);
    return of(mapped, 128);
  }

  /** From 16 bytes. */
  public static Cidr of(byte[] bytes, int bits) {
    if (bytes.length != 16) {
      throw new IllegalArgumentException(
          "16 bytes expected, not " + HexFormat.of().formatHex(bytes));
    }
    long h = 0;
    long l = 0;
    for (int i = 0; i < 8; i++) {
      h = h << 8 | (bytes[i] & 255);
      l = l << 8 | (bytes[8 + i] & 255);
    }
    return new Cidr(h, l, bits);
  }

  private static byte[] parse4(String text) {
    String[] parts = text.split("\\.", -1);
    if (parts.length != 4) {
      return new byte[0];
    }
    byte[] out = new byte[16];
    out[10] = (byte) 0xff;
    out[11] = (byte) 0xff;
    for (int i = 0; i < 4; i++) {
      int value = decimal(parts[i], 255);
      if (value < 0) {
        return new byte[0];
      }
      out[12 + i] = (byte) value;
    }
    return out;
  }

  private static byte[] parse6(String text) {
    String body = text;
    byte[] tail = new byte[0];
    int lastColon = body.lastIndexOf(':');
    if (body.indexOf('.') >= 0) {
      byte[] v4 = parse4(body.substring(lastColon + 1));
      if (v4.length == 0) {
        return v4;
      }
      tail = Arrays.copyOfRange(v4, 12, 16);
      body = body.substring(0, lastColon) + ":" + hex(tail, 0) + ":" + hex(tail, 2);
    }
    int gap = body.indexOf("::");
    if (gap >= 0 && body.indexOf("::", gap + 1) >= 0) {
      return new byte[0];
    }
    String[] before = groups(gap >= 0 ? body.substring(0, gap) : body);
    String[] after = gap >= 0 ? groups(body.substring(gap + 2)) : new String[0];
    int count = before.length + after.length;
    if (gap >= 0 ? count > 7 : count != 8) {
      return new byte[0];
    }
    byte[] out = new byte[16];
    return fill(out, before, 0) && fill(out, after, 8 - after.length) ? out : new byte[0];
  }

  private static String hex(byte[] bytes, int at) {
    return Integer.toHexString((bytes[at] & 255) << 8 | (bytes[at + 1] & 255));
  }

  private static String[] groups(String text) {
    return text.isEmpty() ? new String[0] : text.split(":", -1);
  }

  private static boolean fill(byte[] out, String[] groups, int from) {
    for (int i = 0; i < groups.length; i++) {
      String group = groups[i];
      if (group.isEmpty() || group.length() > 4) {
        return false;
      }
      int value = 0;
      for (int k = 0; k < group.length(); k++) {
        char c = group.charAt(k);
        int digit = c < 128 ? Character.digit(c, 16) : -1;
        if (digit < 0) {
          return false;
        }
        value = value << 4 | digit;
      }
      out[2 * (from + i)] = (byte) (value >>> 8);
      out[2 * (from + i) + 1] = (byte) value;
    }
    return true;
  }

  /** -1 unless plain decimal digits without a leading zero, at most {@code max}. */
  public static int decimal(String text, int max) {
    if (text.isEmpty() || text.length() > 5 || (text.length() > 1 && text.charAt(0) == '0')) {
      return -1;
    }
    int value = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        return -1;
      }
      value = value * 10 + (c - '0');
    }
    return value <= max ? value : -1;
  }

  private static long maskHigh(int bits) {
    return bits >= 64 ? -1L : bits == 0 ? 0 : -1L << (64 - bits);
  }

  private static long maskLow(int bits) {
    return bits <= 64 ? 0 : bits == 128 ? -1L : -1L << (128 - bits);
  }
}
