package dev.drawbridge.l7.share;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class TurnsTest {
  private static final long WORK = 900_000;
  private static final long STEP = 100_000;
  private static final int STEPS = 20_000;

  private final DefaultEventLoop loop = new DefaultEventLoop();
  private final SteadyEpoll.Began began = new SteadyEpoll.Began();
  private final Turns turns = new Turns(loop, began);
  private final Turns.Account hog = turns.account();
  private final Turns.Account other = turns.account();
  private long now = System.nanoTime();

  @AfterEach
  void stop() {
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  @Test
  void whoIsAloneMayTakeAll() {
    for (int i = 0; i < 100; i++) {
      now += WORK;
      assertFalse(turns.spend(hog, now, WORK));
    }
  }

  @Test
  void whoTakesMoreThanHisPartOfADividedLoopIsInDebt() {
    assertFalse(turns.spend(other, now, 1_000));
    assertTrue(turns.spend(hog, now, WORK));
    assertFalse(turns.spend(other, now, 1_000), "the other pays for nothing that it did not do");
  }

  @Test
  void aDebtIsPaidByWaiting() {
    assertFalse(turns.spend(other, now, 1_000));
    assertTrue(turns.spend(hog, now, WORK));
    assertFalse(turns.spend(hog, now + 4 * WORK, 1));
  }

  @Test
  void oneTurnComesAfterTheOtherAndAllCome() throws Exception {
    List<EmbeddedChannel> channels = new ArrayList<>();
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      EmbeddedChannel channel = new EmbeddedChannel();
      channels.add(channel);
      Pace pace = new Pace(turns, hog, channel);
      int number = i;
      pace.serves(() -> {
        order.add(number);
        if (number == 7) {
          throw new IllegalStateException("one that fails does not keep the others");
        }
      });
      loop.submit(() -> turns.await(hog, pace)).get();
    }
    for (boolean all = false; !all; ) {
      all = loop.submit(() -> order.size() == 50).get();
    }
    for (int i = 0; i < 50; i++) {
      assertEquals(i, order.get(i));
    }
    channels.forEach(EmbeddedChannel::releaseInbound);
  }

  @Test
  void aChannelIsNotReadWhileItsShareIsInDebt() {
    EmbeddedChannel channel = new EmbeddedChannel();
    Pace pace = new Pace(turns, hog, channel);
    channel.pipeline().addFirst(pace);
    for (int i = 0; i < 1_000 && !pace.waits(); i++) {
      boolean _ = turns.spend(other, System.nanoTime(), 1_000);
      pace.owe(WORK);
    }
    assertTrue(pace.waits());
    assertFalse(channel.config().isAutoRead());
    pace.read(true);
    assertFalse(channel.config().isAutoRead(), "the leg alone cannot turn it on again");
    channel.finishAndReleaseAll();
  }

  @Test
  void readingItselfIsPaidFor() {
    EmbeddedChannel channel = new EmbeddedChannel();
    Pace pace = new Pace(turns, hog, channel);
    channel.pipeline().addFirst(pace);
    // A read in which the thread did not run is not charged for that, so one such has another try.
    for (int i = 0; i < 20 && !pace.waits(); i++) {
      boolean _ = turns.spend(other, System.nanoTime(), 1_000);
      began.at(System.nanoTime() - WORK);
      channel.writeInbound("what took that long to be read");
    }
    assertTrue(pace.waits());
    channel.finishAndReleaseAll();
  }

  // Who wastes.

  /** Some time of the loop, in which the other always has work that comes to something. */
  private long besideOneThatWorks(int steps, boolean worthIt) {
    long spent = 0;
    for (int i = 0; i < steps; i++) {
      now += STEP;
      if (!turns.spend(hog, now, 0)) {
        boolean _ = turns.spend(hog, now, STEP / 2);
        spent += STEP / 2;
        if (worthIt) {
          hog.worth(STEP);
        }
      }
      if (!turns.spend(other, now, 0)) {
        boolean _ = turns.spend(other, now, STEP / 2);
        other.worth(STEP);
      }
    }
    return spent;
  }

  @Test
  void whoWastesGetsASmallPartBesideOneThatWorks() {
    besideOneThatWorks(1_000, false);
    assertTrue(hog.wastes());
    long spent = besideOneThatWorks(STEPS, false);
    assertTrue(spent <= STEPS * STEP / Turns.WASTE_PART * 11 / 10, spent + " ns");
    assertTrue(spent >= STEPS * STEP / Turns.WASTE_PART / 2, "but not nothing: " + spent + " ns");
  }

  @Test
  void whoWorksOwesNothingToWhoWastes() {
    besideOneThatWorks(2_000, false);
    for (int i = 0; i < STEPS; i++) {
      now += STEP;
      boolean _ = turns.spend(hog, now, turns.spend(hog, now, 0) ? 0 : STEP / 2);
      assertFalse(turns.spend(other, now, STEP), "the loop is his but for the small part");
      other.worth(STEP);
    }
  }

  @Test
  void whatComesToSomethingIsNoWaste() {
    long spent = besideOneThatWorks(STEPS, true);
    assertFalse(hog.wastes());
    assertTrue(spent >= STEPS * STEP * 4 / 10, "an even part: " + spent + " ns");
  }

  @Test
  void whoWastesAloneMayTakeAll() {
    for (int i = 0; i < STEPS; i++) {
      now += STEP;
      assertFalse(turns.spend(hog, now, STEP));
    }
    assertTrue(hog.wastes());
  }

  @Test
  void aLittleWasteIsForgiven() {
    for (int i = 0; i < STEPS; i++) {
      now += STEP;
      boolean _ = turns.spend(hog, now, STEP / 50);
      assertFalse(hog.wastes());
    }
  }

  @Test
  void whoHasStoppedIsSoonTakenForWhatHeIsNow() {
    besideOneThatWorks(1_000, false);
    assertTrue(hog.wastes());
    boolean _ = turns.spend(hog, now + 500_000_000, 0);
    assertFalse(hog.wastes());
  }

  @Test
  void noDebtLastsLongWhateverItIsFor() {
    besideOneThatWorks(1_000, false);
    for (int i = 0; i < 1_000; i++) {
      boolean _ = turns.spend(hog, now, WORK);
    }
    boolean _ = turns.spend(other, now, STEP);
    assertTrue(turns.spend(hog, now, 0));
    boolean _ = turns.spend(other, now + 249_000_000, STEP);
    assertFalse(turns.spend(hog, now + 250_000_000, 0));
  }

  @Test
  void whatOneLeavesAnotherMayHave() {
    long spent = 0;
    for (int i = 0; i < STEPS; i++) {
      now += STEP;
      if (i % 100 == 0) {
        boolean _ = turns.spend(other, now, STEP / 10);
        other.worth(STEP);
      }
      if (!turns.spend(hog, now, 0)) {
        boolean _ = turns.spend(hog, now, STEP);
        hog.worth(STEP);
        spent += STEP;
      }
    }
    assertTrue(spent >= STEPS * STEP * 9 / 10, spent + " ns");
  }

  @Test
  void nobodyWaitsForAnothersDebt() throws Exception {
    List<String> order = new ArrayList<>();
    loop.submit(
            () -> {
              long at = System.nanoTime();
              boolean _ = turns.spend(other, at, 1);
              for (int i = 0; i < 100; i++) {
                boolean _ = turns.spend(hog, at, WORK);
              }
              turns.await(hog, then(() -> order.add("hog")));
              turns.await(other, then(() -> order.add("other")));
            })
        .get();
    for (boolean all = false; !all; ) {
      all = loop.submit(() -> order.size() == 2).get();
    }
    assertEquals(List.of("other", "hog"), order);
  }

  private static Turns.Waiter then(Runnable what) {
    return new Turns.Waiter() {
      @Override
      public void goOn() {
        what.run();
      }

      @Override
      public void fail(Throwable cause) {
        throw new AssertionError(cause);
      }
    };
  }
}
