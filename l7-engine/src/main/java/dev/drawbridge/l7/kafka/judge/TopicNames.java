package dev.drawbridge.l7.kafka.judge;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * Which topic an id is, as the broker at the other end of one connection says: kept for that
 * connection alone, so that no broker says anything about another's. A topic's id never changes its
 * meaning; one that is made anew has another id.
 */
public final class TopicNames {
  /** Ids remembered of one connection; the one that was not used for longest goes first. */
  public static final int MOST = 4096;

  /** Characters of a topic's name at most, of those that need one byte each, as Kafka has it. */
  private static final int LONGEST = 249;

  /** What an id and such a name take, as measured, rounded up. */
  private static final int ENTRY_BYTES = 512;

  private final Map<Uuid, String> names =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Uuid, String> eldest) {
          return size() > MOST;
        }
      };

  public void learn(@Nullable Uuid id, @Nullable String name) {
    if (id == null || name == null || id.equals(Uuid.ZERO_UUID)) {
      return;
    }
    if (!name.isEmpty() && name.length() <= LONGEST) {
      names.put(id, name);
    }
  }

  public @Nullable String name(Uuid id) {
    return names.get(id);
  }

  public long holds() {
    return (long) names.size() * ENTRY_BYTES;
  }
}
