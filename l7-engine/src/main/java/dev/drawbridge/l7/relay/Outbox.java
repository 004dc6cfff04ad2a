package dev.drawbridge.l7.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DuplexChannel;
import org.jspecify.annotations.Nullable;

/**
 * What is on its way out of one leg. Small pieces are copied together, so that a head and a short
 * body, or what belongs to many streams, leave in one write; large ones are passed on as they are.
 */
public abstract class Outbox {
  /** Up to here a copy is cheaper than another entry in the vector of a write. */
  public static final int SMALL = 2048;

  private @Nullable Channel channel;

  /** Open for small pieces. */
  private @Nullable ByteBuf tail;

  private boolean dirty;

  /** One that holds nothing but buffers. */
  private static final class Plain extends Outbox {
    @Override
    protected long more() {
      return 0;
    }
  }

  /** One for a protocol that needs nothing of its own. */
  public static Outbox plain() {
    return new Plain();
  }

  /** Bytes of memory that are held besides what waits to be sent. */
  protected abstract long more();

  /** From now on there is somewhere to send to. */
  public final void attach(Channel to) {
    channel = to;
  }

  /** Whether more may be put in without growing a queue. */
  public final boolean writable() {
    Channel to = channel;
    return to != null && to.isWritable();
  }

  /** What a buffer takes besides its bytes, about. */
  private static final int LEAST = 96;

  /** Bytes of memory that wait to be sent; a slice may hold on to some more than itself. */
  public final long holds() {
    ByteBuf open = tail;
    return (open == null ? 0 : open.capacity()) + 2 * pending() + more();
  }

  /** Bytes that the peer has not taken yet. */
  public final long pending() {
    Channel to = channel;
    ChannelOutboundBuffer waiting = to == null ? null : to.unsafe().outboundBuffer();
    return waiting == null ? 0 : waiting.totalPendingWriteBytes();
  }

  /**
   * The buffer that is open for small pieces, with room for that much, to be written to before
   * anything else is called.
   *
   * @param made how large a new one is
   */
  public final ByteBuf room(int octets, int made) {
    ByteBuf open = tail;
    if (open == null || open.writableBytes() < octets) {
      seal();
      Channel to = channel;
      if (to == null) {
        throw new IllegalStateException("a body or a frame has nowhere to go without a channel");
      }
      open = to.alloc().directBuffer(Math.max(octets, made));
      tail = open;
    }
    return open;
  }

  /** Adds a buffer, and keeps it open for small pieces; takes it over. */
  public final void add(ByteBuf buffer) {
    ByteBuf open = tail;
    int size = buffer.readableBytes();
    if (open != null && open.writableBytes() >= size && size <= SMALL) {
      open.writeBytes(buffer);
      buffer.release();
      return;
    }
    seal();
    tail = buffer;
  }

  /** Moves that many bytes of the input. */
  public final void data(ByteBuf in, int size) {
    ByteBuf open = tail;
    if (size <= SMALL && open != null && open.writableBytes() >= size) {
      open.writeBytes(in, size);
      return;
    }
    seal();
    if (size > in.capacity() / HeldInput.MOST_WASTE) {
      write(in.readRetainedSlice(size));
    } else {
      // Who does not read must not hold on to more than he was sent.
      write(in.alloc().directBuffer(size).writeBytes(in, size));
    }
  }

  /** Sends what is there. */
  public final void flush() {
    Channel to = channel;
    if (to == null) {
      return;
    }
    seal();
    if (dirty) {
      dirty = false;
      to.flush();
    }
  }

  /** Sends what is there, then the end of the stream. */
  public final void end() {
    Channel to = channel;
    if (to instanceof DuplexChannel duplex && to.isOpen()) {
      seal();
      dirty = false;
      ChannelFuture _ =
          duplex
              .writeAndFlush(Unpooled.EMPTY_BUFFER)
              .addListener((ChannelFutureListener) sent -> end(duplex, sent.isSuccess()));
    } else {
      discard();
    }
  }

  private static void end(DuplexChannel channel, boolean sent) {
    ChannelFuture _ = sent ? channel.shutdownOutput() : channel.close();
  }

  /**
   * The same, and nothing is expected of the peer but its end, with which the channel closes: once
   * everything is sent, the end is not told apart from the channel's.
   */
  public final void finish() {
    Channel to = channel;
    end();
    if (to instanceof EpollSocketChannel socket && pending() == 0) {
      socket.config().setAllowHalfClosure(false);
    }
  }

  /** Sends what is there, then closes. */
  public final void close() {
    Channel to = channel;
    if (to != null && to.isOpen()) {
      seal();
      dirty = false;
      ChannelFuture _ =
          to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    } else {
      discard();
    }
  }

  /** Forgets what has not been sent. */
  public final void discard() {
    ByteBuf open = tail;
    if (open != null) {
      tail = null;
      open.release();
    }
  }

  protected final void seal() {
    ByteBuf open = tail;
    if (open == null) {
      return;
    }
    tail = null;
    int size = open.readableBytes();
    if (pending() > 0 && open.capacity() > HeldInput.MOST_WASTE * Math.max(size, LEAST)) {
      // It waits behind what the peer has not taken: as little of it as there is.
      write(open.alloc().directBuffer(size).writeBytes(open));
      open.release();
    } else {
      write(open);
    }
  }

  protected final void write(ByteBuf buffer) {
    Channel to = channel;
    if (to == null) {
      buffer.release();
      throw new IllegalStateException(
          "more than one buffer, or a frame, before there is a channel");
    }
    ChannelFuture _ = to.write(buffer, to.voidPromise());
    dirty = true;
  }
}
