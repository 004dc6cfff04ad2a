package dev.drawbridge.hook;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * An agent that ends without a word a number of times, as one that is killed does, then says go.
 */
final class AwayAndBack implements RawAgent.Behaviour {
  private int ends;

  AwayAndBack(int ends) {
    this.ends = ends;
  }

  @Override
  public void meet(SocketChannel channel) throws IOException {
    RawAgent.readRequest(channel);
    if (ends-- <= 0) {
      channel.write(ByteBuffer.wrap(RawAgent.frame(0, "")));
    }
    channel.close();
  }
}
