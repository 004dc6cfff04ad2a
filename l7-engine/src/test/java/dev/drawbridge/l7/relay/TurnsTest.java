package dev.drawbridge.l7.relay;

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

  private final DefaultEventLoop loop = new DefaultEventLoop();
  private final Turns turns = new Turns(loop);
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
    assertFalse(turns.spend(other, System.nanoTime(), 1_000));
    pace.owe(100 * WORK);
    assertTrue(pace.waits());
    assertFalse(channel.config().isAutoRead());
    pace.read(true);
    assertFalse(channel.config().isAutoRead(), "the leg alone cannot turn it on again");
    channel.finishAndReleaseAll();
  }
}
