package dev.drawbridge.policy.compile;

import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** A hash table with {@code int} keys: looking up allocates nothing. Filled, then only read. */
public final class IntTable<T> {
  private int[] keys;
  private @Nullable Object[] values;
  private int size;

  public IntTable(int expected) {
    int capacity = Integer.highestOneBit(Math.max(8, expected * 2 - 1)) * 2;
    keys = new int[capacity];
    values = new Object[capacity];
  }

  @SuppressWarnings("unchecked")
  public @Nullable T find(int key) {
    int mask = keys.length - 1;
    for (int i = spread(key) & mask; ; i = (i + 1) & mask) {
      Object value = values[i];
      if (value == null || keys[i] == key) {
        return (T) value;
      }
    }
  }

  public void put(int key, T value) {
    if (2 * (size + 1) > keys.length) {
      grow();
    }
    int mask = keys.length - 1;
    int i = spread(key) & mask;
    while (values[i] != null && keys[i] != key) {
      i = (i + 1) & mask;
    }
    if (values[i] == null) {
      size++;
    }
    keys[i] = key;
    values[i] = value;
  }

  int size() {
    return size;
  }

  @SuppressWarnings("unchecked")
  public void forEach(BiConsumer<Integer, T> sink) {
    for (int i = 0; i < keys.length; i++) {
      Object value = values[i];
      if (value != null) {
        sink.accept(keys[i], (T) value);
      }
    }
  }

  @SuppressWarnings("unchecked")
  private void grow() {
    int[] oldKeys = keys;
    @Nullable Object[] oldValues = values;
    keys = new int[2 * oldKeys.length];
    values = new Object[2 * oldKeys.length];
    size = 0;
    for (int i = 0; i < oldKeys.length; i++) {
      Object value = oldValues[i];
      if (value != null) {
        put(oldKeys[i], (T) value);
      }
    }
  }

  private static int spread(int key) {
    int h = key * 0x9E3779B9;
    return h ^ (h >>> 16);
  }
}
