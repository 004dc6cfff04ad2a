package dev.drawbridge.l7.http2;

import java.util.Arrays;

/**
 * Writes field sections. A field goes into the table if its sender put it into his, so that secrets
 * stay out of it and what never comes again does not push out what does. Strings are written as
 * they are: on one host bytes are cheaper than Huffman's bits.
 */
public final class HpackEncoder {
  private static final int SLOTS = 512;

  private final int ownLimit;
  private final Field[] table;

  /** Number of the latest insertion of a field with that hash: a hint, to be checked. */
  private final int[] byField = new int[SLOTS];

  private int inserted;
  private int count;
  private int bytes;
  private int limit;
  private int announced;
  private int lowest;

  private byte[] out = new byte[512];
  private int length;

  public HpackEncoder(int tableBytes) {
    this.ownLimit = tableBytes;
    this.limit = Math.min(tableBytes, 4096);
    this.announced = limit;
    this.lowest = limit;
    this.table = new Field[Math.max(1, tableBytes / Http2Limits.FIELD_OVERHEAD)];
  }

  /** The peer says how large his table is; the next section begins with what is used of it. */
  public void peerTableBytes(long size) {
    limit = (int) Math.min(ownLimit, size);
    lowest = Math.min(lowest, limit);
    evict(0);
  }

  /** Bytes of memory that table and buffer take. */
  public int holds() {
    return 4 * (table.length + SLOTS) + bytes + count * Field.OVERHEAD_BYTES + out.length;
  }

  /** Begins a section. */
  public void begin() {
    length = 0;
    if (limit != announced || lowest < announced) {
      // RFC 7541 section 4.2: a size that was lower in between must be said too.
      if (lowest < limit) {
        integer(0x20, 5, lowest);
      }
      integer(0x20, 5, limit);
      announced = limit;
    }
    lowest = limit;
  }

  /** Writes a field. */
  public void add(Field field) {
    if (field.staticIndex != 0) {
      integer(0x80, 7, field.staticIndex);
      return;
    }
    if (field.indexing == Field.Indexing.NEVER) {
      literal(0x10, 4, field);
      return;
    }
    int back = find(field);
    if (back >= 0) {
      integer(0x80, 7, StaticTable.LENGTH + 1 + back);
      return;
    }
    if (field.indexing == Field.Indexing.KEPT && field.size() <= limit) {
      literal(0x40, 6, field);
      insert(field);
    } else {
      literal(0, 4, field);
    }
  }

  /** Where the section is, from 0 to {@link #length}; valid until the next begins. */
  public byte[] section() {
    return out;
  }

  public int length() {
    return length;
  }

  /** How far back in the table the field is; -1 if it is not there. */
  private int find(Field field) {
    int number = byField[slot(field)];
    int back = inserted - number;
    if (number == 0 || back >= count) {
      return -1;
    }
    if (at(back).same(field)) {
      return back;
    }
    for (int i = 0; i < count; i++) {
      if (at(i).same(field)) {
        return i;
      }
    }
    return -1;
  }

  private Field at(int back) {
    return table[Math.floorMod(inserted - back, table.length)];
  }

  private static int slot(Field field) {
    int hash = field.hash;
    return (hash ^ (hash >>> 9) ^ (hash >>> 18)) & (SLOTS - 1);
  }

  private void insert(Field field) {
    int size = field.size();
    evict(size);
    inserted++;
    table[Math.floorMod(inserted, table.length)] = field;
    byField[slot(field)] = inserted;
    count++;
    bytes += size;
  }

  private void evict(int coming) {
    while (count > 0 && bytes + coming > limit) {
      int oldest = Math.floorMod(inserted - count + 1, table.length);
      bytes -= table[oldest].size();
      table[oldest] = StaticTable.field(1);
      count--;
    }
  }

  private void literal(int pattern, int prefixBits, Field field) {
    int name = field.staticName != 0 ? field.staticName : nameInTable(field);
    integer(pattern, prefixBits, name);
    if (name == 0) {
      string(field.name);
    }
    string(field.value);
  }

  private int nameInTable(Field field) {
    for (int i = 0; i < count; i++) {
      Field other = at(i);
      if (other.nameHash == field.nameHash && Arrays.equals(other.name, field.name)) {
        return StaticTable.LENGTH + 1 + i;
      }
    }
    return 0;
  }

  private void string(byte[] octets) {
    integer(0, 7, octets.length);
    room(octets.length);
    System.arraycopy(octets, 0, out, length, octets.length);
    length += octets.length;
  }

  private void integer(int pattern, int prefixBits, int value) {
    room(6);
    int mask = (1 << prefixBits) - 1;
    if (value < mask) {
      out[length++] = (byte) (pattern | value);
      return;
    }
    out[length++] = (byte) (pattern | mask);
    int rest = value - mask;
    while (rest >= 0x80) {
      out[length++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    out[length++] = (byte) rest;
  }

  private void room(int more) {
    if (out.length - length < more) {
      out = Arrays.copyOf(out, Math.max(out.length * 2, length + more));
    }
  }
}
