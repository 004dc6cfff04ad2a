package dev.drawbridge.l7.http2.relay;

import dev.drawbridge.l7.http2.Allowance;
import dev.drawbridge.l7.http2.Breach;
import dev.drawbridge.l7.http2.ErrorCode;
import dev.drawbridge.l7.http2.FrameReader;
import dev.drawbridge.l7.http2.FrameType;
import dev.drawbridge.l7.http2.FrameWriter;
import dev.drawbridge.l7.http2.Frames;
import dev.drawbridge.l7.http2.HpackEncoder;
import dev.drawbridge.l7.http2.Http2Limits;
import dev.drawbridge.l7.http2.Settings;
import dev.drawbridge.l7.relay.HeldInput;
import dev.drawbridge.l7.relay.Opened;
import dev.drawbridge.l7.relay.Relay;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What both ends of an HTTP/2 relay have in common: frames in, windows, settings, pings. Input is
 * never left unread because a stream's receiver is slow: windows hold the sender back, so that what
 * the peer has to say about other streams is always heard.
 */
abstract class Http2Leg implements Frames {
  private static final long MAX_WINDOW = 0x7fff_ffffL;

  /** Channel, pipeline, leg and its empty tables; as measured, rounded up. */
  private static final int FIXED_BYTES = 5 * 1024;

  /** A window that grows by less costs as much as it brings. */
  private static final int SMALL_INCREMENT = 1024;

  private static final int SETTINGS_COST = 4;

  /** Frames taken between two looks at the clock. */
  private static final int FRAMES_A_LAP = 16;

  private static final int EMPTY_DATA_COST = 10;

  final Opened opened;
  final Relay relay;
  final Http2Limits limits;
  final HpackEncoder encoder;
  final Http2Output out;
  final Http2Closed closed = new Http2Closed();

  /** Lanes towards this leg that have something to send. */
  final ArrayDeque<Http2Lane> waiting = new ArrayDeque<>();

  /** What the peer allows on the whole connection. */
  long sendWindow = Http2Limits.DEFAULT_WINDOW;

  /** What the peer allows on a new stream. */
  int initialSendWindow = Http2Limits.DEFAULT_WINDOW;

  private final FrameReader reader;
  private final Allowance control;
  private int receiveWindow;
  private int owed;
  private int settingsUnacknowledged;
  private @Nullable ByteBuf partial;
  private @Nullable ByteBuf later;

  Http2Leg(Opened opened, boolean fromClient) {
    this.opened = opened;
    this.relay = opened.relay();
    this.limits = relay.http2.limits;
    this.encoder = new HpackEncoder(limits.tableBytes());
    this.out = new Http2Output(relay.allocator, encoder);
    this.reader = new FrameReader(fromClient, limits);
    this.control = new Allowance(limits.controlBurst(), limits.controlRate());
    this.receiveWindow = limits.connectionWindow();
  }

  // What a leg has to say.

  /** Whether frames may be taken now. */
  abstract boolean reading();

  /** Whether frames can still be sent. */
  abstract boolean open();

  /** The peer broke the protocol. */
  abstract void broken(Breach breach);

  /** The lane that goes to this leg on that stream; null if the stream is not open any more. */
  abstract @Nullable Http2Lane towards(int stream) throws Breach;

  /** Every lane that goes to this leg. */
  abstract Iterable<Http2Lane> allTowards();

  /** How many streams the peer takes at a time. */
  void peerStreams(long count) {}

  // Output.

  /** Whether that much of a body may be sent now, its stream's window apart. */
  final boolean takes(int length) {
    return sendWindow >= length && out.writable();
  }

  /** A frame of a body has been sent. */
  final void carried(int length, boolean moreWaits) {
    if (length >= SMALL_INCREMENT || !moreWaits) {
      // Who takes data may say so.
      control.give(2);
    }
  }

  /** Whether the connection's window may be refilled for what has to wait. */
  final boolean room() {
    return relay.http2.room() && relay.ledger.roomy();
  }

  /** The peer may send that much more on the connection, once it is worth a frame. */
  final void refill(int octets) {
    owed += octets;
    if (owed >= limits.connectionWindow() / 2 && open()) {
      out.window(0, owed);
      receiveWindow += owed;
      owed = 0;
    }
  }

  /** Sends this side's settings and opens the connection's window. */
  final void introduce(int... more) {
    int[] all = new int[more.length + 2];
    all[0] = Settings.MAX_HEADER_LIST_SIZE;
    all[1] = limits.announcedFieldBytes();
    System.arraycopy(more, 0, all, 2, more.length);
    ByteBuf to = out.room(FrameWriter.SMALL_FRAME);
    FrameWriter.settings(to, all);
    settingsUnacknowledged++;
    out.window(0, limits.connectionWindow() - Http2Limits.DEFAULT_WINDOW);
  }

  final boolean waitsForSettings() {
    return settingsUnacknowledged > 0;
  }

  /** Sends what waits, a frame of each stream in turn. */
  final void pumpAll() {
    boolean moved = true;
    while (moved && out.writable() && sendWindow > 0) {
      moved = false;
      for (int i = waiting.size(); i > 0; i--) {
        Http2Lane lane = waiting.remove();
        moved |= lane.frame();
        again(lane);
      }
    }
    if (sendWindow <= 0 && out.writable()) {
      // Ends need no window.
      for (int i = waiting.size(); i > 0; i--) {
        Http2Lane lane = waiting.remove();
        if (lane.empty()) {
          boolean _ = lane.frame();
        }
        again(lane);
      }
    }
  }

  private void again(Http2Lane lane) {
    if (lane.finished || (lane.empty() && !lane.ended)) {
      lane.listed = false;
    } else {
      waiting.add(lane);
    }
  }

  // Input.

  /** Takes the frames that are there; the rest waits. Takes the input over. */
  final void take(ByteBuf in) {
    ByteBuf before = later;
    if (before != null) {
      later = HeldInput.append(before, in, relay.allocator);
      return;
    }
    read(in);
  }

  /** Goes on with what was left, once frames may be taken again. */
  final void readLater() {
    ByteBuf begun = partial;
    if (begun != null && reading()) {
      frames(begun);
      releaseIfTaken(begun);
    }
    ByteBuf in = later;
    if (in != null && reading()) {
      later = null;
      read(in);
    }
  }

  private void read(ByteBuf in) {
    try {
      while (partial != null && in.isReadable() && reading()) {
        complete(partial, in);
      }
      if (partial == null) {
        frames(in);
      }
      if (in.isReadable()) {
        if (reading()) {
          partial = relay.allocator.directBuffer(FrameType.HEADER_BYTES + Http2Limits.FRAME_BYTES);
          partial.writeBytes(in);
        } else if (pausing()) {
          later = in.retain();
        }
      }
    } finally {
      in.release();
    }
    if (out.pending() > limits.pendingBytes()) {
      broken(Breach.ofConnection(ErrorCode.ENHANCE_YOUR_CALM, "the peer does not read"));
    }
  }

  /** Whether frames will be taken later that may not be taken now. */
  boolean pausing() {
    return open();
  }

  /** Pays for the time that was taken; whether the rest has to wait for its turn. */
  abstract boolean lap();

  /** Bytes of memory that this leg takes. */
  final long holds() {
    ByteBuf begun = partial;
    ByteBuf rest = later;
    return FIXED_BYTES
        + out.holds()
        + reader.holds()
        + (begun == null ? 0 : begun.capacity())
        + (rest == null ? 0 : rest.capacity());
  }

  /** Fills up a frame that came in parts, and takes it. */
  private void complete(ByteBuf begun, ByteBuf in) {
    int have = begun.readableBytes();
    int wanted =
        have < FrameType.HEADER_BYTES
            ? FrameType.HEADER_BYTES
            : FrameType.HEADER_BYTES + begun.getUnsignedMedium(begun.readerIndex());
    int step = Math.min(Math.min(wanted - have, in.readableBytes()), begun.writableBytes());
    begun.writeBytes(in, Math.max(0, step));
    frames(begun);
    releaseIfTaken(begun);
  }

  private void releaseIfTaken(ByteBuf begun) {
    if (partial != null && !begun.isReadable()) {
      partial = null;
      begun.release();
    }
  }

  private void frames(ByteBuf in) {
    for (int i = 1; reading(); i++) {
      if (i % FRAMES_A_LAP == 0 && lap()) {
        return;
      }
      try {
        if (!reader.next(in, this)) {
          return;
        }
      } catch (Breach breach) {
        broken(breach);
      }
    }
  }

  /** Whether something has begun that has not ended. */
  final boolean withinFrame() {
    return partial != null || reader.withinBlock();
  }

  /** Whether it is a part of a body, in which the peer may take its time. */
  final boolean withinData() {
    ByteBuf begun = partial;
    return begun != null
        && !reader.withinBlock()
        && begun.readableBytes() >= FrameType.HEADER_BYTES
        && begun.getByte(begun.readerIndex() + 3) == FrameType.DATA;
  }

  final void discardInput() {
    partial = HeldInput.discarded(partial);
    later = HeldInput.discarded(later);
  }

  // Frames that mean the same on both legs.

  /** Counts a body's octets against the connection's window. */
  final void counted(boolean end, int length, int counted) throws Breach {
    receiveWindow -= counted;
    if (receiveWindow < 0) {
      throw Breach.ofConnection(ErrorCode.FLOW_CONTROL_ERROR, "beyond the connection's window");
    }
    if (length == 0 && !end) {
      charge(EMPTY_DATA_COST);
    }
  }

  final void charge(int cost) throws Breach {
    if (!control.take(cost)) {
      throw Breach.ofConnection(ErrorCode.ENHANCE_YOUR_CALM, "too many frames carry nothing");
    }
  }

  @Override
  public void setting(int id, long value) throws Breach {
    // Honest peers say each once; what one costs is charged, not what its frame does.
    charge(1);
    switch (id) {
      case Settings.HEADER_TABLE_SIZE -> encoder.peerTableBytes(value);
      case Settings.MAX_CONCURRENT_STREAMS -> peerStreams(value);
      case Settings.INITIAL_WINDOW_SIZE -> {
        long change = value - initialSendWindow;
        initialSendWindow = (int) value;
        if (change != 0) {
          for (Http2Lane lane : allTowards()) {
            charge(1);
            lane.sendWindow += change;
            if (lane.sendWindow > MAX_WINDOW) {
              throw Breach.ofConnection(ErrorCode.FLOW_CONTROL_ERROR, "a window is too large");
            }
          }
        }
      }
      default -> {}
    }
  }

  @Override
  public void settingsEnd() throws Breach {
    charge(SETTINGS_COST);
    FrameWriter.settingsAcknowledged(out.room(FrameWriter.SMALL_FRAME));
    pumpAll();
  }

  @Override
  public void settingsAcknowledged() throws Breach {
    charge(SETTINGS_COST);
    settingsUnacknowledged = Math.max(0, settingsUnacknowledged - 1);
  }

  @Override
  public void ping(boolean acknowledged, long opaque) throws Breach {
    charge(1);
    if (!acknowledged) {
      FrameWriter.pingAcknowledged(out.room(FrameWriter.SMALL_FRAME), opaque);
    }
  }

  @Override
  public void ignored(int type) throws Breach {
    charge(1);
  }

  @Override
  public void window(int stream, int increment) throws Breach {
    // Whoever was sent data since may say so: that was given back.
    charge(1);
    if (stream == 0) {
      sendWindow += increment;
      if (sendWindow > MAX_WINDOW) {
        throw Breach.ofConnection(
            ErrorCode.FLOW_CONTROL_ERROR, "the connection's window is too large");
      }
      pumpAll();
      return;
    }
    Http2Lane lane = towards(stream);
    if (lane == null) {
      return;
    }
    lane.sendWindow += increment;
    if (lane.sendWindow > MAX_WINDOW) {
      throw Breach.ofStream(
          stream, ErrorCode.FLOW_CONTROL_ERROR, "the stream's window is too large");
    }
    if (lane.listed) {
      lane.pump();
    }
  }

  static Breach protocol(String message) {
    return Breach.ofConnection(ErrorCode.PROTOCOL_ERROR, message);
  }
}
