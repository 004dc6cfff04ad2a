package dev.drawbridge.l7.http2;

/** A peer broke the protocol or a limit: for one stream, or for the whole connection. */
public final class Breach extends Exception {
  private static final long serialVersionUID = 1;

  private final int code;
  private final int stream;

  private Breach(int stream, int code, String message) {
    super(message, null, false, false);
    this.stream = stream;
    this.code = code;
  }

  /** Ends the connection. */
  public static Breach ofConnection(int code, String message) {
    return new Breach(0, code, message);
  }

  /** Ends that stream; the connection goes on. */
  public static Breach ofStream(int stream, int code, String message) {
    return new Breach(stream, code, message);
  }

  /** Of {@link ErrorCode}. */
  public int code() {
    return code;
  }

  /** 0 for the connection. */
  public int stream() {
    return stream;
  }
}
