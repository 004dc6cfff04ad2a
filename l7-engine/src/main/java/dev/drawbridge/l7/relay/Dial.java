package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.policy.Ending;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.net.Inet6Address;
import org.jspecify.annotations.Nullable;

/** Makes a callee's connection: socket in the namespace, identity in the kernel, connect. */
public final class Dial {
  /** Who wants the connection: the handler of its channel. All calls come on the loop. */
  interface Leg extends ChannelHandler {
    /** Takes the socket that will connect; false if nobody wants it any more. */
    boolean attach(EpollSocketChannel made);

    void connected(EpollSocketChannel to);

    /** There is no connection. */
    void fail(Failure failure);
  }

  /**
   * Why there is no connection.
   *
   * @param how as the record says it: refused, too late, or never tried
   * @param sentence for whoever asked
   */
  public record Failure(Ending how, String sentence) {}

  private final Leg leg;
  private final Opened opened;
  private final Relay relay;

  Dial(Leg leg, Opened opened) {
    this.leg = leg;
    this.opened = opened;
    this.relay = opened.relay();
  }

  /** Begins; ends with {@link Leg#connected} or {@link Leg#fail}, perhaps at once. */
  void begin() {
    boolean version6 = opened.origin().destination().getAddress() instanceof Inet6Address;
    EpollSocketChannel ready = opened.source().take(version6);
    if (ready != null) {
      connect(ready);
      return;
    }
    opened
        .source()
        .make(
            version6,
            made -> opened.loop().eventLoop().execute(() -> connect(made)),
            _ ->
                opened
                    .loop()
                    .eventLoop()
                    .execute(() -> unavailable("the engine could not make a connection")));
  }

  private void connect(EpollSocketChannel made) {
    if (!leg.attach(made)) {
      made.unsafe().closeForcibly();
      return;
    }
    ConnectionOrigin origin = opened.origin();
    SocketOptions.apply(made.config(), relay);
    made.config().setConnectTimeoutMillis((int) relay.limits.connectTimeout().toMillis());
    made.pipeline().addLast(leg);
    ChannelFuture registered = opened.loop().eventLoop().register(made);
    if (registered.cause() != null) {
      unavailable("the engine could not make a connection");
      return;
    }
    try {
      // The first packet must find it: the callee's side knows the caller by nothing else.
      // The container engine's rules translate what goes to its resolver: not where its socket
      // goes.
      if (!origin.toEnginesResolver()) {
        relay.onward.speakFor(
            made.fd().intValue(), origin.caller(), origin.callee(), origin.destination().getPort());
      }
    } catch (IOException _) {
      unavailable("the kernel did not take the engine's connection");
      return;
    }
    ChannelFuture _ =
        made.connect(origin.destination()).addListener(done -> done(made, done.cause()));
  }

  private void done(EpollSocketChannel made, @Nullable Throwable cause) {
    if (cause instanceof ConnectTimeoutException) {
      leg.fail(
          new Failure(Ending.UPSTREAM_TIMEOUT, "the callee did not take the connection in time"));
    } else if (cause != null) {
      leg.fail(new Failure(Ending.UPSTREAM_REFUSED, "the callee refused the connection"));
    } else {
      leg.connected(made);
    }
  }

  private void unavailable(String message) {
    leg.fail(new Failure(Ending.UNAVAILABLE, message));
  }
}
