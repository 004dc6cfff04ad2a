package dev.drawbridge.l7.relay;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.l7.EngineLimits;
import dev.drawbridge.l7.share.Share;
import dev.drawbridge.l7.share.Waste;
import dev.drawbridge.policy.Decision;
import dev.drawbridge.policy.Peers;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.Verdict;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a tunnel carries is work: whoever has it carried is not taken for one who wastes. */
final class TunnelTest {
  private static final Verdict ALLOWED =
      new Verdict(Decision.ALLOW, Reason.RULE_ALLOWS, 1, 1, false);

  /** Of each piece; some of them are worth more than the last step of what was wasted. */
  private static final int BYTES = 8 * 1024;

  private static final int PIECES = 4;

  private final Relay relay =
      new Relay(
          EngineLimits.defaults(),
          peer -> "",
          (netns, remote, local) -> Optional.empty(),
          (fd, caller, callee, port) -> {},
          access -> {});
  private final Loop loop = relay.nextLoop();
  private final Share share = new Share(Peers.FIRST_ENDPOINT, null, loop.index + 1);
  private final List<EpollSocketChannel> channels = new ArrayList<>();
  private final ServerSocket peer = new ServerSocket(0, 2, InetAddress.getLoopbackAddress());

  TunnelTest() throws Exception {}

  @AfterEach
  void close() throws Exception {
    for (EpollSocketChannel channel : channels) {
      channel.close().sync();
    }
    peer.close();
    relay.close();
  }

  /** The callee's channel is given to the tunnel. */
  private static final class Nowhere implements OnwardSource {
    @Override
    public @Nullable EpollSocketChannel take(boolean version6) {
      return null;
    }

    @Override
    public boolean rewritten() {
      return false;
    }

    @Override
    public void make(
        boolean version6, Consumer<EpollSocketChannel> made, Consumer<IOException> failed) {
      failed.accept(new IOException("nothing is dialled here"));
    }
  }

  private <T> T onLoop(Callable<T> work) throws Exception {
    return loop.eventLoop().submit(work).get();
  }

  private EpollSocketChannel connected() throws Exception {
    EpollSocketChannel channel = new EpollSocketChannel();
    channel.pipeline().addLast(new ChannelInboundHandlerAdapter());
    loop.eventLoop().register(channel).sync();
    channel.connect(peer.getLocalSocketAddress()).sync();
    channels.add(channel);
    return channel;
  }

  private Tunnel tunnel() throws Exception {
    EpollSocketChannel client = connected();
    EpollSocketChannel callee = connected();
    var origin =
        new ConnectionOrigin(
            Peers.FIRST_ENDPOINT,
            Peers.WORLD,
            (InetSocketAddress) peer.getLocalSocketAddress(),
            false);
    return onLoop(() -> {
      Opened opened = Opened.of(loop, client, new Nowhere(), origin, share);
      Tunnel tunnel = Tunnel.unread(opened, new Asked.Connection(), ALLOWED, policy -> ALLOWED);
      assertTrue(tunnel.callee().attach(callee));
      tunnel.callee().connected(callee);
      return tunnel;
    });
  }

  /** Whether it still wastes when some pieces have gone by. */
  private boolean wastesAfter(Consumer<ByteBuf> way) throws Exception {
    return onLoop(() -> {
      Waste waste = new Waste(share, loop.index, loop.turns);
      waste.untilItWastes();
      for (int i = 0; i < PIECES; i++) {
        ByteBuf piece = relay.allocator().directBuffer(BYTES).writeZero(BYTES);
        way.accept(piece);
        piece.release();
      }
      return waste.wastes();
    });
  }

  @Test
  void whatGoesToTheCalleeIsWork() throws Exception {
    Tunnel tunnel = tunnel();
    assertFalse(wastesAfter(piece -> assertTrue(tunnel.take(piece))));
  }

  @Test
  void whatComesBackIsWork() throws Exception {
    Tunnel tunnel = tunnel();
    assertFalse(wastesAfter(tunnel::answers));
  }
}
