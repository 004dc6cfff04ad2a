package dev.drawbridge.l7.http2;

import java.util.Arrays;

/** Reads field sections: RFC 7541 with the table's size as it is at the start of a connection. */
public final class HpackDecoder {
  private static final byte[] NOTHING = {};
  private static final int MAX_INTEGER = 1 << 28;

  private final int maxTableBytes;
  private final Field[] table;
  private int newest;
  private int count;
  private int bytes;
  private int limit;

  private byte[] in = NOTHING;
  private int at;
  private int end;

  public HpackDecoder(int tableBytes) {
    this.maxTableBytes = tableBytes;
    this.limit = tableBytes;
    this.table = new Field[Math.max(1, tableBytes / Http2Limits.FIELD_OVERHEAD)];
  }

  /**
   * Reads a whole section.
   *
   * @throws Breach of the connection, COMPRESSION_ERROR
   */
  public void decode(byte[] block, int start, int length, FieldList to) throws Breach {
    in = block;
    at = start;
    end = start + length;
    boolean begun = false;
    while (at < end) {
      int first = in[at];
      if (first < 0) {
        to.add(indexed(integer(7)));
      } else if ((first & 0x40) != 0) {
        Field field = literal(integer(6), Field.Indexing.KEPT);
        insert(field);
        to.add(field);
      } else if ((first & 0x20) != 0) {
        if (begun) {
          throw error("the table's size changes within a section");
        }
        resize(integer(5));
        continue;
      } else {
        boolean never = (first & 0x10) != 0;
        to.add(literal(integer(4), never ? Field.Indexing.NEVER : Field.Indexing.PASSING));
      }
      begun = true;
    }
    // The block is the reader's, who may let go of it.
    in = NOTHING;
  }

  /** Bytes of memory that the table takes. */
  int holds() {
    return 4 * table.length + bytes + count * Field.OVERHEAD_BYTES;
  }

  private Field indexed(int index) throws Breach {
    if (index > 0 && index <= StaticTable.LENGTH) {
      return StaticTable.field(index);
    }
    int back = index - StaticTable.LENGTH - 1;
    if (back < 0 || back >= count) {
      throw error("there is no field of index " + index);
    }
    return table[Math.floorMod(newest - back, table.length)];
  }

  private Field literal(int nameIndex, Field.Indexing indexing) throws Breach {
    byte[] name = nameIndex == 0 ? string() : indexed(nameIndex).name;
    return new Field(name, string(), indexing);
  }

  private byte[] string() throws Breach {
    if (at >= end) {
      throw error("the section ends within a field");
    }
    boolean huffman = in[at] < 0;
    int length = integer(7);
    if (length > end - at) {
      throw error("a string is longer than its section");
    }
    int start = at;
    at += length;
    if (!huffman) {
      return Arrays.copyOfRange(in, start, at);
    }
    byte[] decoded = Huffman.decode(in, start, at);
    if (decoded == null) {
      throw error("a string is not Huffman-coded as it should be");
    }
    return decoded;
  }

  /** RFC 7541 section 5.1. */
  private int integer(int prefixBits) throws Breach {
    int mask = (1 << prefixBits) - 1;
    int value = in[at++] & mask;
    if (value < mask) {
      return value;
    }
    for (int shift = 0; shift <= 28; shift += 7) {
      if (at >= end) {
        throw error("the section ends within a number");
      }
      int octet = in[at++];
      long sum = value + ((long) (octet & 0x7f) << shift);
      if (sum > MAX_INTEGER) {
        break;
      }
      value = (int) sum;
      if (octet >= 0) {
        return value;
      }
    }
    throw error("a number is too large");
  }

  private void resize(int size) throws Breach {
    if (size > maxTableBytes) {
      throw error("the table would be larger than it may be");
    }
    limit = size;
    evict(0);
  }

  private void insert(Field field) {
    int size = field.size();
    evict(size);
    if (size <= limit) {
      newest = (newest + 1) % table.length;
      table[newest] = field;
      count++;
      bytes += size;
    }
  }

  private void evict(int coming) {
    while (count > 0 && bytes + coming > limit) {
      int oldest = Math.floorMod(newest - count + 1, table.length);
      bytes -= table[oldest].size();
      table[oldest] = StaticTable.field(1);
      count--;
    }
  }

  private static Breach error(String message) {
    return Breach.ofConnection(ErrorCode.COMPRESSION_ERROR, message);
  }
}
