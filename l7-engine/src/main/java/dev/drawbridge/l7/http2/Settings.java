package dev.drawbridge.l7.http2;

/** RFC 9113 section 6.5.2, and RFC 8441. */
public final class Settings {
  public static final int HEADER_TABLE_SIZE = 1;
  public static final int ENABLE_PUSH = 2;
  public static final int MAX_CONCURRENT_STREAMS = 3;
  public static final int INITIAL_WINDOW_SIZE = 4;
  public static final int MAX_FRAME_SIZE = 5;
  public static final int MAX_HEADER_LIST_SIZE = 6;

  private static final long MAX_WINDOW = 0x7fff_ffffL;
  private static final long MAX_FRAME = 0xff_ffffL;

  private Settings() {}

  /** Refuses a value that the RFC does not allow. */
  static void check(int id, long value, boolean fromClient) throws Breach {
    switch (id) {
      case ENABLE_PUSH -> {
        if (value > 1 || (value == 1 && !fromClient)) {
          throw Breach.ofConnection(ErrorCode.PROTOCOL_ERROR, "ENABLE_PUSH has no such value");
        }
      }
      case INITIAL_WINDOW_SIZE -> {
        if (value > MAX_WINDOW) {
          throw Breach.ofConnection(
              ErrorCode.FLOW_CONTROL_ERROR, "the initial window is too large");
        }
      }
      case MAX_FRAME_SIZE -> {
        if (value < Http2Limits.FRAME_BYTES || value > MAX_FRAME) {
          throw Breach.ofConnection(ErrorCode.PROTOCOL_ERROR, "MAX_FRAME_SIZE is out of range");
        }
      }
      default -> {}
    }
  }
}
