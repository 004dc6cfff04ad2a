package dev.drawbridge.l7.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.http2.HpackEncoder;
import dev.drawbridge.l7.http2.relay.Http2Output;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What is on its way out is sent or given back. */
final class OutboxTest {
  @Test
  void givesBackWhatCannotBeSentAnyMore() {
    List<Consumer<Outbox>> ends = List.of(Outbox::end, Outbox::close, Outbox::discard);
    for (Consumer<Outbox> end : ends) {
      for (boolean attached : new boolean[] {true, false}) {
        for (Outbox outbox :
            List.of(
                Outbox.plain(),
                new Http2Output(UnpooledByteBufAllocator.DEFAULT, new HpackEncoder(4096)))) {
          ByteBuf waiting = Unpooled.buffer(16).writeByte(1);
          if (attached) {
            EmbeddedChannel gone = new EmbeddedChannel();
            outbox.attach(gone);
            ChannelFuture _ = gone.close();
          }
          outbox.add(waiting);
          end.accept(outbox);
          assertEquals(0, waiting.refCnt());
        }
      }
    }
  }

  /** What is counted by its bytes must not hold a room for many more, once it has to wait. */
  @Test
  void whatWaitsIsAsLargeAsWhatItSays() {
    EmbeddedChannel slow = new EmbeddedChannel();
    Outbox outbox = Outbox.plain();
    outbox.attach(slow);
    outbox.add(Unpooled.buffer(16).writeByte(1));
    List<ByteBuf> waiting = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      outbox.room(8, Outbox.SMALL).writeLong(i);
      outbox.add(Unpooled.directBuffer(Outbox.SMALL).writeZero(Outbox.SMALL));
    }
    outbox.flush();
    for (ByteBuf sent; (sent = slow.readOutbound()) != null; ) {
      waiting.add(sent);
    }
    for (ByteBuf sent : waiting) {
      assertTrue(sent.capacity() <= 4 * Math.max(sent.readableBytes(), 96), sent.toString());
      sent.release();
    }
    assertEquals(6, waiting.size());
  }
}
