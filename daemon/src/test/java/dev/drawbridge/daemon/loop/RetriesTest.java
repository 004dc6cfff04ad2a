package dev.drawbridge.daemon.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** When somebody who could not be guarded is tried again. */
final class RetriesTest {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  @Test
  void laterEachTimeAndNeverMoreThanFiveMinutesLater() {
    Retries retries = new Retries();
    List<Long> tried = new ArrayList<>();
    for (long second = 0; second <= 2000; second++) {
      if (retries.isDue("one", second * SECOND)) {
        tried.add(second);
      }
    }
    assertEquals(List.of(1L, 3L, 7L, 15L, 31L, 63L, 127L, 255L, 511L, 811L), tried.subList(0, 10));
    assertEquals(1711L, tried.getLast());
  }

  @Test
  void eachHasHisOwnTime() {
    Retries retries = new Retries();
    assertFalse(retries.isDue("one", 0));
    assertTrue(retries.isDue("one", SECOND));
    assertFalse(retries.isDue("two", SECOND));
    assertTrue(retries.isDue("two", 2 * SECOND));
    assertFalse(retries.isDue("one", 2 * SECOND));
  }

  @Test
  void whoIsGoneBeginsAnew() {
    Retries retries = new Retries();
    assertFalse(retries.isDue("one", 0));
    assertTrue(retries.isDue("one", SECOND));
    retries.tidy(List.of());
    assertFalse(retries.isDue("one", 2 * SECOND));
    assertTrue(retries.isDue("one", 3 * SECOND));
  }
}
