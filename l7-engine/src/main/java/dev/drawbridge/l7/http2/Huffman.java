package dev.drawbridge.l7.http2;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** RFC 7541 section 5.2 and appendix B, for reading; the engine writes strings as they are. */
final class Huffman {
  private static final int SYMBOLS = 257;
  private static final int END = 256;

  /** Bits of each symbol's code. The code is canonical, so that these say it all. */
  private static final String LENGTHS =
      """
      13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
      6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10
      13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6
      15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28
      20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
      22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
      26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
      20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26
      30
      """;

  /**
   * Nodes of 256 entries, by the next eight bits. An entry is a symbol and the bits it really
   * takes, or, with LINK, the next node; 0 leads nowhere.
   */
  private static final int LINK = 1 << 30;

  private static final int[] NODES = build();

  private Huffman() {}

  private static int[] build() {
    int[] lengths =
        LENGTHS
            .lines()
            .flatMap(line -> Arrays.stream(line.strip().split(" ")))
            .mapToInt(Integer::parseInt)
            .toArray();
    int[] nodes = new int[256 * 64];
    int used = 1;
    int code = 0;
    for (int length = 1; length <= 30; length++) {
      for (int symbol = 0; symbol < SYMBOLS; symbol++) {
        if (lengths[symbol] != length) {
          continue;
        }
        int node = 0;
        int left = length;
        while (left > 8) {
          int slot = node * 256 + ((code >>> (left - 8)) & 0xff);
          if (nodes[slot] == 0) {
            nodes[slot] = LINK | used++;
          }
          node = nodes[slot] & ~LINK;
          left -= 8;
        }
        int first = node * 256 + ((code << (8 - left)) & 0xff);
        Arrays.fill(nodes, first, first + (1 << (8 - left)), (symbol << 8) | left);
        code++;
      }
      code <<= 1;
    }
    return Arrays.copyOf(nodes, used * 256);
  }

  /** The decoded octets, or null if they are not Huffman-coded as the RFC demands. */
  static byte @Nullable [] decode(byte[] in, int start, int end) {
    byte[] out = new byte[(end - start) * 8 / 5 + 1];
    int length = 0;
    long bits = 0;
    int held = 0;
    int at = start;
    int node = 0;
    int sinceSymbol = 0;
    while (true) {
      while (held <= 48 && at < end) {
        bits = (bits << 8) | (in[at++] & 0xff);
        held += 8;
      }
      if (held == 0) {
        break;
      }
      int index =
          held >= 8
              ? (int) (bits >>> (held - 8)) & 0xff
              : ((int) (bits << (8 - held)) & 0xff) | (0xff >>> held);
      int entry = NODES[node * 256 + index];
      if ((entry & LINK) != 0) {
        if (held < 8) {
          sinceSymbol += held;
          return padding(bits, sinceSymbol, held) ? Arrays.copyOf(out, length) : null;
        }
        node = entry & ~LINK;
        held -= 8;
        sinceSymbol += 8;
        continue;
      }
      int taken = entry & 0xff;
      if (taken == 0 || (entry >>> 8) == END) {
        return null;
      }
      if (taken > held) {
        sinceSymbol += held;
        return padding(bits, sinceSymbol, held) ? Arrays.copyOf(out, length) : null;
      }
      out[length++] = (byte) (entry >>> 8);
      held -= taken;
      node = 0;
      sinceSymbol = 0;
    }
    return sinceSymbol == 0 ? Arrays.copyOf(out, length) : null;
  }

  /** What is left over is the beginning of the end's code, and less than an octet. */
  private static boolean padding(long bits, int sinceSymbol, int held) {
    long mask = (1L << held) - 1;
    return sinceSymbol < 8 && (bits & mask) == mask;
  }
}
