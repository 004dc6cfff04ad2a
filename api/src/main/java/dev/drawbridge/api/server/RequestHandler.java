package dev.drawbridge.api.server;

import dev.drawbridge.api.AgentView;
import dev.drawbridge.api.ApiLimits;
import dev.drawbridge.api.FlowReader;
import dev.drawbridge.api.question.Refusal;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection: one request at a time, guard, then route on a worker thread, then answer. Reading
 * stops while an answer is under way, so a pipelined request waits its turn. Anything refused
 * before a route is found, and anything unreadable, ends the connection.
 */
final class RequestHandler extends SimpleChannelInboundHandler<HttpObject> {
  private static final System.Logger LOG = System.getLogger(RequestHandler.class.getName());

  private final Routes routes;
  private final AgentView view;
  private final RequestGuard guard;
  private final Executor workers;
  private final AnswerRoom room;
  private final Semaphore followers;
  private final Duration head;
  private final String peer;

  private boolean busy;
  private boolean closing;
  private @Nullable Future<?> deadline;
  private @Nullable FlowFollower follower;
  private @Nullable StreamedArray streamed;
  private AgentView.@Nullable Subscription subscription;
  private boolean holdsFollowerPlace;

  /**
   * @param followers one permit for each connection that may follow
   * @param head from here to a whole request head
   * @param peer whom this connection is with, for the log
   */
  RequestHandler(
      Routes routes,
      AgentView view,
      RequestGuard guard,
      Executor workers,
      AnswerRoom room,
      Semaphore followers,
      Duration head,
      String peer) {
    this.routes = routes;
    this.view = view;
    this.guard = guard;
    this.workers = workers;
    this.room = room;
    this.followers = followers;
    this.head = head;
    this.peer = peer;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    awaitHead(ctx);
    ctx.read();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    cancelDeadline();
    endFollowing();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
    if (closing) {
      return;
    }
    if (message.decoderResult().isFailure()) {
      refuse(ctx, unreadable(message.decoderResult().cause()));
      return;
    }
    if (message instanceof HttpRequest request && !busy) {
      begin(ctx, request);
    } else if (!busy) {
      ctx.read();
    }
  }

  /**
   * Reading is on demand, and a part of a head is no message: whoever waits for a head asks again.
   */
  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (!busy && !closing) {
      ctx.read();
    }
  }

  private void begin(ChannelHandlerContext ctx, HttpRequest request) {
    busy = true;
    cancelDeadline();
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      LOG.log(
          System.Logger.Level.INFO,
          "{0} {1} refused, asked by {2}",
          printable(request.method().name()),
          printable(request.uri()),
          peer);
    }
    try {
      guard.check(request);
    } catch (Refusal refusal) {
      refuse(ctx, refusal);
      return;
    }
    boolean headOnly = request.method().equals(HttpMethod.HEAD);
    boolean keepAlive = HttpUtil.isKeepAlive(request);
    String target = request.uri();
    try {
      workers.execute(() -> work(ctx, target, headOnly, keepAlive));
    } catch (RejectedExecutionException e) {
      refuse(
          ctx,
          new Refusal(503, "busy", "the agent answers too many requests already", "a later try"));
    }
  }

  /** On a worker thread. */
  private void work(ChannelHandlerContext ctx, String target, boolean headOnly, boolean keepAlive) {
    Answer answer;
    try {
      answer = routes.answer(target, guard.loopback());
      if (answer instanceof Answer.Follow follow && !headOnly) {
        follow(ctx, follow);
        return;
      }
    } catch (Refusal refusal) {
      answer = Answer.error(refusal);
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "answering " + printable(target) + " failed", e);
      answer =
          Answer.error(
              new Refusal(
                  500, "internal-error", "the agent failed to answer; its log says why", ""));
    }
    switch (answer) {
      case Answer.Body whole ->
          ctx.executor().execute(() -> respond(ctx, whole, headOnly, keepAlive));
      case Answer.Stream(StreamedArray.Rows rows) -> list(ctx, rows, headOnly, keepAlive);
      case Answer.Follow _ -> {
        Answer.Body none = new Answer.Body(200, "application/x-ndjson", "");
        ctx.executor().execute(() -> respond(ctx, none, headOnly, keepAlive));
      }
    }
  }

  /** On a worker thread: a list that is short is a body like any other. */
  private void list(
      ChannelHandlerContext ctx, StreamedArray.Rows rows, boolean headOnly, boolean keepAlive) {
    StreamedArray.Begun begun;
    try {
      begun = StreamedArray.begin(rows);
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "a list could not be made", e);
      Refusal refusal =
          new Refusal(500, "internal-error", "the agent failed to answer; its log says why", "");
      ctx.executor().execute(() -> refuse(ctx, refusal));
      return;
    }
    if (begun.whole()) {
      Answer.Body body = new Answer.Body(200, Answer.JSON, begun.text());
      ctx.executor().execute(() -> respond(ctx, body, headOnly, keepAlive));
    } else {
      ctx.executor().execute(() -> stream(ctx, begun, headOnly, keepAlive));
    }
  }

  private void stream(
      ChannelHandlerContext ctx, StreamedArray.Begun begun, boolean headOnly, boolean keepAlive) {
    HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    plainHeaders(response, Answer.JSON);
    HttpUtil.setTransferEncodingChunked(response, true);
    if (!keepAlive) {
      closing = true;
      response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    }
    schedule(ctx, ApiLimits.ANSWER.toMillis());
    StreamedArray array =
        new StreamedArray(
            ctx.channel(),
            headOnly ? StreamedArray.begin(most -> List.of()) : begun,
            last -> {
              streamed = null;
              answered(ctx, last.isSuccess());
            });
    var _ = ctx.write(response);
    streamed = array;
    array.pump();
  }

  private void answered(ChannelHandlerContext ctx, boolean written) {
    cancelDeadline();
    if (!written || closing) {
      var _ = ctx.close();
      return;
    }
    busy = false;
    awaitHead(ctx);
    ctx.read();
  }

  private void respond(
      ChannelHandlerContext ctx, Answer.Body body, boolean headOnly, boolean keepAlive) {
    byte[] bytes = body.text().getBytes(StandardCharsets.UTF_8);
    if (body.status() == 200 && !room.take(bytes.length)) {
      refuse(
          ctx, new Refusal(503, "busy", "too many answers wait for their clients", "a later try"));
      return;
    }
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(body.status()),
            headOnly ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(bytes));
    plainHeaders(response, body.contentType());
    response.headers().set(HttpHeaderNames.CONTENT_LENGTH, bytes.length);
    if (body.status() == 405) {
      response.headers().set(HttpHeaderNames.ALLOW, "GET, HEAD");
    }
    if (!keepAlive) {
      closing = true;
      response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    }
    schedule(ctx, ApiLimits.ANSWER.toMillis());
    var _ =
        ctx.writeAndFlush(response)
            .addListener(written -> {
              if (body.status() == 200) {
                room.give(bytes.length);
              }
              answered(ctx, written.isSuccess());
            });
  }

  private void refuse(ChannelHandlerContext ctx, Refusal refusal) {
    busy = true;
    Answer answer = Answer.error(refusal);
    if (answer instanceof Answer.Body body) {
      respond(ctx, body, false, false);
    }
  }

  /** On a worker thread: subscribes first, then lists, so that nothing falls between the two. */
  private void follow(ChannelHandlerContext ctx, Answer.Follow follow) throws Refusal {
    if (!followers.tryAcquire()) {
      throw new Refusal(
          503, "busy", "there are " + ApiLimits.FOLLOWERS + " followers already", "a later try");
    }
    FlowFollower started = new FlowFollower(ctx.channel(), follow.filter());
    AgentView.Subscription open;
    FlowReader old;
    try {
      open = view.follow(started);
    } catch (RuntimeException e) {
      followers.release();
      throw e;
    }
    try {
      old =
          follow.last() == 0
              ? FlowReader.of(List.of())
              : view.reader(follow.filter(), follow.last());
    } catch (RuntimeException e) {
      open.close();
      followers.release();
      throw e;
    }
    ctx.executor()
        .execute(() -> {
          holdsFollowerPlace = true;
          subscription = open;
          follower = started;
          if (!ctx.channel().isActive()) {
            endFollowing();
            return;
          }
          HttpResponse response =
              new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
          plainHeaders(response, "application/x-ndjson");
          HttpUtil.setTransferEncodingChunked(response, true);
          response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
          closing = true;
          var _ = ctx.writeAndFlush(response);
          started.open(old);
          // Only to learn that the client went; whatever it sends is dropped.
          ctx.channel().config().setAutoRead(true);
        });
  }

  private void endFollowing() {
    if (subscription != null) {
      subscription.close();
      subscription = null;
    }
    follower = null;
    if (holdsFollowerPlace) {
      holdsFollowerPlace = false;
      followers.release();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (follower != null && ctx.channel().isWritable()) {
      follower.drain();
    }
    if (streamed != null && ctx.channel().isWritable()) {
      streamed.pump();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!(cause instanceof IOException)) {
      LOG.log(System.Logger.Level.WARNING, "connection with " + peer + " ended", cause);
    }
    var _ = ctx.close();
  }

  private void awaitHead(ChannelHandlerContext ctx) {
    schedule(ctx, head.toMillis());
  }

  private void schedule(ChannelHandlerContext ctx, long millis) {
    cancelDeadline();
    deadline = ctx.executor().schedule(() -> end(ctx), millis, TimeUnit.MILLISECONDS);
  }

  private static void end(ChannelHandlerContext ctx) {
    var _ = ctx.close();
  }

  private void cancelDeadline() {
    if (deadline != null) {
      var _ = deadline.cancel(false);
      deadline = null;
    }
  }

  private static Refusal unreadable(Throwable cause) {
    return switch (cause) {
      case TooLongHttpLineException e ->
          new Refusal(
              414,
              "too-long",
              "the request line is too long",
              "at most " + ApiLimits.REQUEST_LINE + " bytes");
      case TooLongHttpHeaderException e ->
          new Refusal(
              431,
              "too-long",
              "the header fields are too long",
              "at most " + ApiLimits.HEADERS + " bytes");
      case TooLongFrameException e ->
          new Refusal(
              431,
              "too-long",
              "the request head is too long",
              "at most " + ApiLimits.HEADERS + " bytes");
      default ->
          new Refusal(
              400,
              "bad-request",
              "this is not an HTTP/1.1 request",
              "a request as RFC 9112 defines it");
    };
  }

  static void plainHeaders(HttpResponse response, String contentType) {
    HttpHeaders headers = response.headers();
    headers.set(HttpHeaderNames.CONTENT_TYPE, contentType);
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    headers.set("X-Frame-Options", "DENY");
    headers.set("Referrer-Policy", "no-referrer");
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
    headers.set(HttpHeaderNames.CACHE_CONTROL, "no-store");
  }

  /**
   * For the log: control characters and anything beyond ASCII as a question mark, at most 200
   * characters.
   */
  private static String printable(String text) {
    String cut = text.length() > 200 ? text.substring(0, 200) : text;
    return cut.replaceAll("[^\\x20-\\x7e]", "?");
  }
}
