package dev.drawbridge.l7.share;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class OnProcessorTest {
  private static final long LONG = 10_000_000_000L;

  private final OnProcessor processor = new OnProcessor();

  @AfterEach
  void close() {
    processor.close();
  }

  @Test
  void timeInWhichTheThreadDidNotRunIsNotPaidFor() {
    processor.ask(0);
    long worked = processor.of(LONG, 0);
    assertTrue(worked < LONG / 2, worked + " ns");
  }

  @Test
  void workThatIsAccountedForIsNotPaidForTwice() {
    processor.ask(0);
    assertEquals(0, processor.of(LONG, LONG));
  }
}
