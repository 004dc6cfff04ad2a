package dev.drawbridge.daemon.loop;

import java.util.ArrayList;
import java.util.List;

/**
 * Some of many a turn, each in its time: who waits for the thread that looks at them does not
 * notice how many there are.
 */
final class Rounds {
  private final int most;
  private int last = -1;

  /** At most so many a turn. */
  Rounds(int most) {
    this.most = most;
  }

  /** Those whose turn it is. They may come and go meanwhile; then one may have to wait longer. */
  <T> List<T> next(List<T> all) {
    List<T> some = new ArrayList<>();
    for (int i = Math.min(most, all.size()); i > 0; i--) {
      last = (last + 1) % all.size();
      some.add(all.get(last));
    }
    return some;
  }
}
