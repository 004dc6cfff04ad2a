package dev.drawbridge.l7.http2;

import dev.drawbridge.policy.http.Headers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The fields of a section in their order. What is beyond the limits is counted and not kept, so
 * that a section can be read to its end, which the state of HPACK demands, in bounded memory.
 */
public final class FieldList implements Headers {
  private static final int KEPT_SLOTS = 64;

  private final int maxBytes;
  private final int maxCount;
  private Field[] fields = new Field[16];
  private int count;
  private int bytes;
  private boolean tooLarge;

  public FieldList(int maxBytes, int maxCount) {
    this.maxBytes = maxBytes;
    this.maxCount = maxCount;
  }

  private FieldList(Field[] fields, int bytes) {
    this.maxBytes = bytes;
    this.maxCount = fields.length;
    this.fields = fields;
    this.count = fields.length;
    this.bytes = bytes;
  }

  /** Forgets all fields. */
  public void clear() {
    if (fields.length > KEPT_SLOTS) {
      fields = new Field[16];
    } else {
      Arrays.fill(fields, 0, count, null);
    }
    count = 0;
    bytes = 0;
    tooLarge = false;
  }

  /** Adds a field, or finds that there are too many. */
  public void add(Field field) {
    long sum = (long) bytes + field.name.length + field.value.length;
    if (tooLarge || sum > maxBytes || count >= maxCount) {
      tooLarge = true;
      return;
    }
    bytes = (int) sum;
    if (count == fields.length) {
      fields = Arrays.copyOf(fields, count * 2);
    }
    fields[count++] = field;
  }

  /** Whether there were more than may be kept. */
  public boolean tooLarge() {
    return tooLarge;
  }

  /** Whether one of the fields asks to take the request for another one. */
  public boolean overrides() {
    for (int i = 0; i < count; i++) {
      if (fields[i].override) {
        return true;
      }
    }
    return false;
  }

  public int count() {
    return count;
  }

  /** Names and values together. */
  public int bytes() {
    return bytes;
  }

  /** Bytes of memory that the fields take, those of a table too. */
  public int holds() {
    return 2 * bytes + count * (Field.OVERHEAD_BYTES + 4);
  }

  public Field field(int index) {
    if (index >= count) {
      throw new IndexOutOfBoundsException(index);
    }
    return fields[index];
  }

  /** These fields for as long as they are wanted. */
  public FieldList copy() {
    return new FieldList(Arrays.copyOf(fields, count), bytes);
  }

  /**
   * Every value of a field that is sent on. Cookie crumbs are one value, as HTTP/1 has them: RFC
   * 9113 section 8.2.3. Who asks for the host and finds none is given :authority, which is the
   * same.
   */
  @Override
  public List<String> all(String lowerCaseName) {
    List<String> found = List.of();
    for (int i = 0; i < count; i++) {
      Field field = fields[i];
      if (field.kind != FieldKind.OWN && field.sameName(lowerCaseName)) {
        if (found.isEmpty()) {
          found = new ArrayList<>(2);
        }
        found.add(field.text());
      }
    }
    if (found.size() > 1 && lowerCaseName.equals("cookie")) {
      return List.of(String.join("; ", found));
    }
    return found.isEmpty() && lowerCaseName.equals("host") ? all(":authority") : found;
  }
}
