package dev.drawbridge.l7.http2;

/**
 * Every bound of one HTTP/2 connection. What is beyond one of them ends its stream, or the
 * connection with ENHANCE_YOUR_CALM.
 *
 * @param streams open at the same time on a client connection; beyond: REFUSED_STREAM
 * @param streamWindow bytes of a body, in each direction, that a peer may send ahead and the engine
 *     may have to keep
 * @param connectionWindow the same for all streams of a connection at once; refilled on receipt
 *     while the engine has room, and as data goes out when it has not
 * @param keptBytes of bodies that all connections of the engine may keep before they refill their
 *     connection windows only as data goes out
 * @param fieldBytes names and values of a field section together; beyond: 431
 * @param fieldCount fields of a section; beyond: 431
 * @param blockBytes of a section as sent, compressed; beyond: the connection ends
 * @param blockFrames CONTINUATION frames of a section; beyond: the connection ends
 * @param tableBytes of each HPACK table. RFC 7541 section 4.2
 * @param pendingBytes that may wait for a peer who does not read; bodies stop far below
 * @param controlBurst frames that carry nothing (PING, SETTINGS, PRIORITY, small WINDOW_UPDATE,
 *     empty DATA) at once
 * @param controlRate and after that each second
 * @param resetBurst streams that a client may end early at once (CVE-2023-44487)
 * @param resetRate and after that each second
 * @param faultBurst streams that the engine had to end for a client's fault at once (CVE-2025-8671)
 * @param faultRate and after that each second
 */
public record Http2Limits(
    int streams,
    int streamWindow,
    int connectionWindow,
    long keptBytes,
    int fieldBytes,
    int fieldCount,
    int blockBytes,
    int blockFrames,
    int tableBytes,
    int pendingBytes,
    int controlBurst,
    int controlRate,
    int resetBurst,
    int resetRate,
    int faultBurst,
    int faultRate) {
  /** Of a frame's payload; the least that a peer must take, and all that the engine takes. */
  public static final int FRAME_BYTES = 16_384;

  /** What a window is before anybody has said anything. RFC 9113 section 6.9.2. */
  public static final int DEFAULT_WINDOW = 65_535;

  /** What a field counts beyond its bytes. RFC 7541 section 4.1. */
  public static final int FIELD_OVERHEAD = 32;

  /** What the agent runs with; sections are as long as HTTP/1's heads may be. */
  public static Http2Limits defaults(int fieldBytes, int fieldCount) {
    return new Http2Limits(
        100,
        DEFAULT_WINDOW,
        1024 * 1024,
        32L * 1024 * 1024,
        fieldBytes,
        fieldCount,
        2 * fieldBytes,
        64,
        4096,
        1024 * 1024,
        10_000,
        2_000,
        1_000,
        100,
        200,
        20);
  }

  /** What SETTINGS_MAX_HEADER_LIST_SIZE announces: no section within the bounds is larger. */
  public int announcedFieldBytes() {
    return fieldBytes + fieldCount * FIELD_OVERHEAD;
  }
}
