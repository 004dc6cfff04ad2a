package dev.drawbridge.l7.share;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How long the engine waits for a callee that has said it closes, and for how many. */
final class PartingsTest {
  private final Partings partings = new Partings();
  private final Object source = new Object();

  private EmbeddedChannel parting(Object from, long nowNanos) {
    ChannelHandler leg = new ChannelInboundHandlerAdapter();
    EmbeddedChannel channel = new EmbeddedChannel(leg);
    partings.await(leg, channel, from, nowNanos);
    assertTrue(channel.isOpen());
    return channel;
  }

  @Test
  void theCalleesEndIsTheEnd() {
    EmbeddedChannel channel = parting(source, 0);
    channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    assertFalse(channel.isOpen());
  }

  @Test
  void nobodyIsWaitedForLongerThanASecond() {
    EmbeddedChannel channel = parting(source, 0);
    partings.tick(TimeUnit.MILLISECONDS.toNanos(999));
    assertTrue(channel.isOpen());
    partings.tick(TimeUnit.SECONDS.toNanos(1));
    assertFalse(channel.isOpen());
  }

  @Test
  void whatItStillSaysIsDroppedAndEndsIt() {
    EmbeddedChannel channel = parting(source, 0);
    ByteBuf late = Unpooled.wrappedBuffer(new byte[] {1});
    channel.pipeline().fireChannelRead(late);
    assertEquals(0, late.refCnt());
    assertFalse(channel.isOpen());
  }

  @Test
  void soManyWaitAndTheOldestMakesRoom() {
    List<EmbeddedChannel> all = new ArrayList<>();
    for (int i = 0; i < Partings.MOST; i++) {
      all.add(parting(source, i));
    }
    assertTrue(all.stream().allMatch(EmbeddedChannel::isOpen));
    EmbeddedChannel another = parting(source, Partings.MOST);
    assertFalse(all.getFirst().isOpen());
    assertTrue(all.get(1).isOpen());
    assertTrue(another.isOpen());
    partings.close();
    assertFalse(another.isOpen());
  }

  @Test
  void aNamespaceThatEndsIsNotHeld() {
    Object other = new Object();
    EmbeddedChannel ends = parting(source, 0);
    EmbeddedChannel stays = parting(other, 0);
    partings.abortAll(source);
    assertFalse(ends.isOpen());
    assertTrue(stays.isOpen());
  }
}
