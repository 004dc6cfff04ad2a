package dev.drawbridge.l7.datagram;

import dev.drawbridge.l7.ConnectionOrigin;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetSocketAddress;

/**
 * What a client sent.
 *
 * @param listener by which it came, and an answer goes
 * @param client the address that it came from
 * @param origin who sent it where
 */
public record Datagram(
    Channel listener, InetSocketAddress client, ConnectionOrigin origin, ByteBuf bytes) {

  /** Answers whoever sent one once the listener is flushed; takes the bytes over. */
  public static void answer(Channel listener, InetSocketAddress client, ByteBuf bytes) {
    ChannelFuture _ = listener.write(new DatagramPacket(bytes, client), listener.voidPromise());
  }
}
