package dev.drawbridge.l7.http2.relay;

/** How the latest streams of a connection ended: what may still arrive on them depends on it. */
final class Http2Closed {
  enum Way {
    /** Never open, or so long ago that it is forgotten. */
    UNKNOWN,
    /** Both sides have said all, or the peer reset it: nothing may follow. */
    ENDED,
    /** Reset by the engine: the peer may not know it yet. */
    RESET
  }

  private static final int REMEMBERED = 512;

  /** By place: the stream's number, negative if it was reset. */
  private final int[] streams = new int[REMEMBERED];

  void ended(int stream) {
    streams[place(stream)] = stream;
  }

  void reset(int stream) {
    streams[place(stream)] = -stream;
  }

  Way way(int stream) {
    int found = streams[place(stream)];
    return found == stream ? Way.ENDED : found == -stream ? Way.RESET : Way.UNKNOWN;
  }

  private static int place(int stream) {
    return (stream >>> 1) % REMEMBERED;
  }
}
