package dev.drawbridge.l7;

import dev.drawbridge.l7.datagram.Datagram;
import dev.drawbridge.l7.datagram.DatagramSpace;
import dev.drawbridge.l7.datagram.Datagrams;
import io.netty.buffer.ByteBufUtil;

/** Says again what it was told, and where that was sent. */
final class EchoEngine implements Datagrams {
  private final DatagramSpace space;

  EchoEngine(DatagramSpace space) {
    this.space = space;
  }

  @Override
  public void arrived(Datagram datagram) {
    Datagram.answer(
        datagram.listener(),
        datagram.client(),
        space
            .allocator()
            .directBuffer()
            .writeBytes(ByteBufUtil.getBytes(datagram.bytes()))
            .writeBytes(
                (" to " + datagram.origin().destination())
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8)));
  }

  @Override
  public void close() {}
}
