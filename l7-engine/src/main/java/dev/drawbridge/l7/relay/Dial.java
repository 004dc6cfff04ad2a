package dev.drawbridge.l7.relay;

import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.policy.Reason;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.net.Inet6Address;
import org.jspecify.annotations.Nullable;

/** Makes a callee's connection: socket in the namespace, identity in the kernel, connect. */
final class Dial {
  private final CalleeLeg leg;
  private final ClientLeg client;
  private final Relay relay;

  Dial(CalleeLeg leg, ClientLeg client) {
    this.leg = leg;
    this.client = client;
    this.relay = client.relay;
  }

  /** Begins; ends with {@link CalleeLeg#connected} or {@link CalleeLeg#fail}, perhaps at once. */
  void begin() {
    boolean version6 = client.origin.destination().getAddress() instanceof Inet6Address;
    EpollSocketChannel ready = client.source.take(version6);
    if (ready != null) {
      connect(ready);
      return;
    }
    client.source.make(
        version6,
        made -> client.loop.eventLoop().execute(() -> connect(made)),
        _ ->
            client
                .loop
                .eventLoop()
                .execute(() -> unavailable("the engine could not make a connection")));
  }

  private void connect(EpollSocketChannel made) {
    if (!leg.attach(made)) {
      made.unsafe().closeForcibly();
      return;
    }
    ConnectionOrigin origin = client.origin;
    SocketOptions.apply(made.config(), relay);
    made.config().setConnectTimeoutMillis((int) relay.limits.connectTimeout().toMillis());
    made.pipeline().addLast(leg);
    ChannelFuture registered = client.loop.eventLoop().register(made);
    if (registered.cause() != null) {
      unavailable("the engine could not make a connection");
      return;
    }
    try {
      // The first packet must find it: the callee's side knows the caller by nothing else.
      relay.onward.speakFor(
          made.fd().intValue(), origin.caller(), origin.callee(), origin.destination().getPort());
    } catch (IOException _) {
      unavailable("the kernel did not take the engine's connection");
      return;
    }
    ChannelFuture _ =
        made.connect(origin.destination()).addListener(done -> done(made, done.cause()));
  }

  private void done(EpollSocketChannel made, @Nullable Throwable cause) {
    if (cause instanceof ConnectTimeoutException) {
      leg.fail(504, Reason.UPSTREAM_TIMEOUT, "the callee did not take the connection in time");
    } else if (cause != null) {
      leg.fail(502, Reason.UPSTREAM_REFUSED, "the callee refused the connection");
    } else {
      leg.connected(made);
    }
  }

  private void unavailable(String message) {
    leg.fail(503, Reason.ENGINE_UNAVAILABLE, message);
  }
}
