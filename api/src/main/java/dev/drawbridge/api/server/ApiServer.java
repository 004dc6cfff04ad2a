package dev.drawbridge.api.server;

import dev.drawbridge.api.AgentView;
import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.ApiLimits;
import dev.drawbridge.api.Caller;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.PeerCredentials;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The API's two listeners: a Unix domain socket, and loopback TCP if configured. Both only read;
 * TCP answers less, because any user of the host can ask there ({@link Loopback}).
 *
 * <p>{@link #start} once, {@link #close} once. Threads: one event loop, and {@link
 * ApiLimits#WORKERS} workers that ask the view.
 */
public final class ApiServer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ApiServer.class.getName());

  private final ApiConfig config;
  private final AgentView view;
  private final Duration head;
  private final Routes routes;
  private final SocketFile socketFile;
  private final Semaphore followers = new Semaphore(ApiLimits.FOLLOWERS);

  /** What one listener's clients take; so none of them can take what is the other's. */
  private static final class Listener {
    final AtomicInteger connections = new AtomicInteger();
    final AnswerRoom room = new AnswerRoom();
  }

  private final Listener local = new Listener();
  private final Listener remote = new Listener();
  private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final ThreadPoolExecutor workers =
      new ThreadPoolExecutor(
          ApiLimits.WORKERS,
          ApiLimits.WORKERS,
          30,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(2 * ApiLimits.CONNECTIONS),
          new DefaultThreadFactory("drawbridge-api-worker", true));
  private @Nullable EventLoopGroup loop;
  private volatile int tcpPort;

  public ApiServer(ApiConfig config, AgentView view) {
    this(config, view, ApiLimits.HEAD);
  }

  /** For tests: another time for a request head. */
  ApiServer(ApiConfig config, AgentView view, Duration head) {
    this.config = config;
    this.head = head;
    this.view = view;
    this.routes = new Routes(view);
    this.socketFile = new SocketFile(config.socket(), config.group());
    workers.allowCoreThreadTimeOut(true);
  }

  /** Binds both listeners, or none. */
  public void start() throws ApiException {
    socketFile.prepare();
    EventLoopGroup group =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("drawbridge-api", true), EpollIoHandler.newFactory());
    loop = group;
    try {
      if (config.tcp().isPresent()) {
        bindTcp(group, config.tcp().get());
      }
      bindUnix(group);
    } catch (ApiException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private void bindTcp(EventLoopGroup group, InetSocketAddress address) throws ApiException {
    // The port must be known before the first connection is guarded, and port 0 is known only once
    // bound.
    Channel listener = bind(group, EpollServerSocketChannel.class, address, "TCP " + address);
    tcpPort = ((InetSocketAddress) listener.localAddress()).getPort();
    listener.config().setAutoRead(true);
    listener.read();
  }

  private void bindUnix(EventLoopGroup group) throws ApiException {
    Path born = socketFile.birthplace();
    Channel listener;
    try {
      listener =
          bind(
              group,
              EpollServerDomainSocketChannel.class,
              new DomainSocketAddress(born.toFile()),
              "control socket " + config.socket());
    } catch (ApiException e) {
      socketFile.discard(born);
      throw e;
    }
    socketFile.install(born);
    listener.config().setAutoRead(true);
    listener.read();
  }

  private Channel bind(
      EventLoopGroup group, Class<? extends ServerChannel> type, SocketAddress address, String what)
      throws ApiException {
    var bound =
        new ServerBootstrap()
            .group(group)
            .channel(type)
            .option(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(
                ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(32 << 10, 64 << 10))
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel);
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new ApiException(
          what + ": cannot listen: " + bound.cause().getMessage(), bound.cause());
    }
    channels.add(bound.channel());
    return bound.channel();
  }

  private void accept(Channel channel) {
    Listener through = channel instanceof EpollDomainSocketChannel ? local : remote;
    boolean room = through.connections.incrementAndGet() <= ApiLimits.CONNECTIONS;
    channel.closeFuture().addListener(closed -> through.connections.decrementAndGet());
    channels.add(channel);
    RequestGuard guard =
        channel instanceof EpollDomainSocketChannel
            ? RequestGuard.unixSocket()
            : RequestGuard.tcp(tcpPort);
    guard = guard.withCaller(admitted(channel));
    HttpDecoderConfig limits =
        new HttpDecoderConfig()
            .setMaxInitialLineLength(ApiLimits.REQUEST_LINE)
            .setMaxHeaderSize(ApiLimits.HEADERS);
    channel
        .pipeline()
        .addLast(
            new HttpServerCodec(limits),
            new FlowControlHandler(),
            new RequestHandler(
                routes,
                view,
                guard,
                room ? workers : overloaded(),
                through.room,
                followers,
                head,
                peer(channel)));
  }

  private boolean admitted(Channel channel) {
    try {
      Caller caller =
          channel instanceof EpollDomainSocketChannel unix
              ? new Caller.Local(unix.peerCredentials().pid())
              : new Caller.Remote((InetSocketAddress) channel.remoteAddress());
      return view.admits(caller);
    } catch (IOException | RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "an API caller that cannot be told is refused", e);
      return false;
    }
  }

  /** Every request on a connection beyond the limit is answered 503 by the handler. */
  private static Executor overloaded() {
    return task -> {
      throw new RejectedExecutionException();
    };
  }

  /** Whom a connection is with: SO_PEERCRED for the Unix socket, the address for TCP. */
  private static String peer(Channel channel) {
    if (!(channel instanceof EpollDomainSocketChannel unix)) {
      return "TCP " + channel.remoteAddress();
    }
    try {
      PeerCredentials peer = unix.peerCredentials();
      return "uid " + peer.uid() + " pid " + peer.pid();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "SO_PEERCRED of a control connection cannot be read", e);
      return "an unknown process";
    }
  }

  public Path socket() {
    return socketFile.path();
  }

  /** The TCP port that was bound; empty if there is none. */
  public OptionalInt tcpPort() {
    return tcpPort == 0 ? OptionalInt.empty() : OptionalInt.of(tcpPort);
  }

  /** Connections now open, for the agent's own metrics. */
  public int connections() {
    return local.connections.get() + remote.connections.get();
  }

  @Override
  public void close() {
    socketFile.remove();
    channels.close().awaitUninterruptibly(2, TimeUnit.SECONDS);
    workers.shutdownNow();
    if (loop != null) {
      loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
      loop = null;
    }
  }
}
