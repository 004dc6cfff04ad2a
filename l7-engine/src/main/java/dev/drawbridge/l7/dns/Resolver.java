package dev.drawbridge.l7.dns;

import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.l7.datagram.DatagramSpace;
import dev.drawbridge.l7.share.Pace;
import dev.drawbridge.policy.Ending;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.ReferenceCountUtil;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A socket by which one container's questions go to one resolver, from the container's namespace.
 * Connected, so that the kernel takes answers from there alone; each question has a number that
 * nobody can guess.
 */
final class Resolver extends ChannelInboundHandlerAdapter {
  private static final int NUMBERS = 1 << 16;

  /** A longer answer is seen to be one. */
  private static final int MOST_BYTES = DnsLimits.DATAGRAM + 1;

  /** So many are read by one system call. */
  private static final int AT_ONCE = 8;

  private final DatagramSpace space;
  private final DnsDatagrams client;
  private final SecureRandom random = new SecureRandom();
  private final byte[] drawn = new byte[256];
  private int taken = drawn.length;

  /** In the order in which they were asked, which is that of their deadlines. */
  private final Map<Integer, Pending> waiting = new LinkedHashMap<>();

  private final List<Integer> unsent = new ArrayList<>();
  private @Nullable EpollDatagramChannel channel;
  private @Nullable Pace pace;
  private long usedNanos = System.nanoTime();
  private int asked;
  private boolean broken;
  private boolean retired;

  Resolver(DatagramSpace space, DnsDatagrams client, ConnectionOrigin origin) {
    this.space = space;
    this.client = client;
    space.dial(origin, this, this::connected, () -> broken(Ending.UNAVAILABLE));
  }

  private void connected(EpollDatagramChannel to, Pace measured) {
    to.config()
        .setMaxDatagramPayloadSize(MOST_BYTES)
        .setRecvByteBufAllocator(new FixedRecvByteBufAllocator(AT_ONCE * MOST_BYTES));
    channel = to;
    pace = measured;
    if (broken || isDone()) {
      close();
      return;
    }
    for (int number : unsent) {
      Pending pending = waiting.get(number);
      if (pending != null) {
        send(number, pending);
      }
    }
    unsent.clear();
  }

  private boolean isDone() {
    return retired && waiting.isEmpty();
  }

  /** Whether another has to take its place. */
  boolean isWorn() {
    return broken || asked >= DnsLimits.ASKED_BY_SOCKET || waiting.size() >= NUMBERS / 4;
  }

  /** Nothing more is asked by it. */
  void retire() {
    retired = true;
    if (isDone()) {
      close();
    } else {
      long wait = DnsLimits.ANSWER.toNanos();
      var _ =
          space
              .eventLoop()
              .schedule(
                  () -> {
                    boolean _ = tick(System.nanoTime() + wait);
                    close();
                  },
                  wait,
                  java.util.concurrent.TimeUnit.NANOSECONDS);
    }
  }

  /** One that nobody can guess: many are drawn at once, which costs as much as one. */
  private int number() {
    if (taken == drawn.length) {
      random.nextBytes(drawn);
      taken = 0;
    }
    return (drawn[taken++] & 0xff) << 8 | (drawn[taken++] & 0xff);
  }

  void ask(Pending pending) {
    int number = number();
    while (waiting.containsKey(number)) {
      number = number();
    }
    waiting.put(number, pending);
    asked++;
    usedNanos = System.nanoTime();
    if (channel == null) {
      unsent.add(number);
    } else {
      send(number, pending);
    }
  }

  private void send(int number, Pending pending) {
    EpollDatagramChannel to = channel;
    if (to != null) {
      ChannelFuture _ =
          to.write(Unpooled.wrappedBuffer(pending.query().wire(number)), to.voidPromise());
      client.wrote(to);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    try {
      if (message instanceof DatagramPacket packet) {
        take(ByteBufUtil.getBytes(packet.content()));
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    client.flush();
  }

  /** What does not answer a question that waits is nobody's; the right answer may still come. */
  private void take(byte[] bytes) {
    int number = Answer.id(bytes);
    Pending pending = waiting.get(number);
    if (pending == null) {
      return;
    }
    Answer answer;
    try {
      answer = client.read(bytes, pending.query());
    } catch (Unreadable _) {
      return;
    }
    waiting.remove(number);
    Pace paid = pace;
    if (paid != null) {
      paid.answered();
    }
    client.answered(pending, answer);
    if (isDone()) {
      close();
    }
  }

  /** Ends what has waited for too long; whether this one has not been used for a while. */
  boolean tick(long now) {
    Iterator<Pending> all = waiting.values().iterator();
    List<Pending> late = new ArrayList<>();
    while (all.hasNext()) {
      Pending pending = all.next();
      if (now - pending.beganNanos < DnsLimits.ANSWER.toNanos()) {
        break;
      }
      all.remove();
      late.add(pending);
    }
    late.forEach(pending -> client.failed(pending, Ending.UPSTREAM_TIMEOUT));
    boolean idle = waiting.isEmpty() && now - usedNanos >= DnsLimits.IDLE.toNanos();
    if (idle) {
      close();
    }
    return idle;
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    broken(Ending.UPSTREAM_REFUSED);
  }

  private void broken(Ending how) {
    broken = true;
    List<Pending> all = List.copyOf(waiting.values());
    waiting.clear();
    all.forEach(pending -> client.failed(pending, how));
    close();
  }

  void close() {
    List<Pending> all = List.copyOf(waiting.values());
    waiting.clear();
    all.forEach(pending -> client.failed(pending, Ending.RESET));
    broken = true;
    EpollDatagramChannel to = channel;
    if (to != null) {
      ChannelFuture _ = to.close();
    }
  }
}
