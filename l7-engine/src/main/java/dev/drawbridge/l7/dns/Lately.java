package dev.drawbridge.l7.dns;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What messages were read as lately, so that the same again is not read again: all that a message
 * says is in its bytes. The number in front does not count. For one event loop; those go that were
 * not asked for longest.
 */
final class Lately<T> {
  /**
   * With {@link #MOST_BYTES} and {@link #MOST_LABELS} this bounds what is held: less than two
   * megabytes a loop of questions and answers that were chosen to be heavy.
   */
  private static final int MOST = 256;

  /** Longer messages are read each time. */
  static final int MOST_BYTES = 256;

  /** A name is kept as its labels, each an object: those of all names of a message. */
  private static final int MOST_LABELS = 24;

  private final Map<Message, T> all =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Message, T> eldest) {
          return size() > MOST;
        }
      };

  /** What a message was read as; null: it is to be read. */
  @Nullable T read(byte[] message) {
    return message.length > MOST_BYTES ? null : all.get(new Message(message));
  }

  /**
   * Has been read; the bytes must not change any more.
   *
   * @param labels of all names that are kept with it, and its addresses
   */
  void was(byte[] message, T read, int labels) {
    if (message.length <= MOST_BYTES && labels <= MOST_LABELS) {
      all.put(new Message(message), read);
    }
  }

  int size() {
    return all.size();
  }

  /** In an order too: whoever chooses many messages of one hash must not have all compared. */
  private static final class Message implements Comparable<Message> {
    private static final int NUMBER = 2;

    private final byte[] bytes;
    private final int hash;

    Message(byte[] bytes) {
      this.bytes = bytes;
      int sum = 1;
      for (int i = NUMBER; i < bytes.length; i++) {
        sum = 31 * sum + bytes[i];
      }
      this.hash = sum;
    }

    @Override
    public int hashCode() {
      return hash;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Message it && hash == it.hash && compareTo(it) == 0;
    }

    @Override
    public int compareTo(Message other) {
      return Arrays.compare(
          bytes,
          Math.min(NUMBER, bytes.length),
          bytes.length,
          other.bytes,
          Math.min(NUMBER, other.bytes.length),
          other.bytes.length);
    }
  }
}
