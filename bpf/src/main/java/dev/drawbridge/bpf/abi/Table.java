package dev.drawbridge.bpf.abi;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code struct db_table}, value of map {@code tables}: ranges that are disjoint and sorted by
 * protocol and low port. The kernel searches them in that order and denies what none contains.
 *
 * @param firm whether what no range holds is denied in every mode
 */
public record Table(List<Range> ranges, boolean firm) {
  /** {@code DB_MAX_RANGES}. */
  public static final int MAX_RANGES = 32;

  /** Bytes in the kernel. */
  public static final int SIZE = 4 + MAX_RANGES * Range.SIZE;

  private static final int FIRM = 1;

  /** What audit mode lets pass where no range holds it. */
  public Table(List<Range> ranges) {
    this(ranges, false);
  }

  public Table {
    ranges = List.copyOf(ranges);
    NativeOrder.checkRange(ranges.size(), MAX_RANGES, "number of ranges");
    for (int i = 1; i < ranges.size(); i++) {
      Range before = ranges.get(i - 1);
      Range range = ranges.get(i);
      boolean sorted =
          before.protocol() < range.protocol()
              || (before.protocol() == range.protocol() && before.high() < range.low());
      if (!sorted) {
        throw new IllegalArgumentException(
            "ranges must be sorted and disjoint: %s, then %s".formatted(before, range));
      }
    }
  }

  public byte[] encode() {
    ByteBuffer out = NativeOrder.allocate(SIZE);
    out.putShort((short) ranges.size()).putShort((short) (firm ? FIRM : 0));
    ranges.forEach(range -> range.encode(out));
    return NativeOrder.bytes(out);
  }

  public static Table decode(byte[] bytes) {
    ByteBuffer in = NativeOrder.wrap(bytes, SIZE, "struct db_table");
    int count = NativeOrder.checkRange(NativeOrder.u16(in), MAX_RANGES, "number of ranges");
    boolean firm = (NativeOrder.u16(in) & FIRM) != 0;
    List<Range> ranges = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      ranges.add(Range.decode(in));
    }
    return new Table(ranges, firm);
  }
}
