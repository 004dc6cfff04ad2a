package dev.drawbridge.l7.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.EpollSocketChannelConfig;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a client's socket has from its listener, without a system call of its own. */
final class SocketOptionsTest {
  @Test
  void whatIsAcceptedInheritsWhatItsListenerIsSetTo() throws Exception {
    CompletableFuture<EpollSocketChannelConfig> accepted = new CompletableFuture<>();
    MultiThreadIoEventLoopGroup loops =
        new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    try {
      Channel listener =
          new ServerBootstrap()
              .group(loops)
              .channel(EpollServerSocketChannel.class)
              .childHandler(
                  new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelActive(ChannelHandlerContext context) {
                      accepted.complete(((EpollSocketChannel) context.channel()).config());
                    }
                  })
              .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .sync()
              .channel();
      SocketOptions.listening(listener.config());
      try (Socket client = new Socket()) {
        client.connect(listener.localAddress());
        EpollSocketChannelConfig config = accepted.get(10, TimeUnit.SECONDS);
        assertTrue(config.isTcpNoDelay());
        assertTrue(config.isKeepAlive());
        assertEquals(60, config.getTcpKeepIdle());
        assertEquals(15, config.getTcpKeepIntvl());
        assertEquals(4, config.getTcpKeepCnt());
      }
    } finally {
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }
  }
}
