package dev.drawbridge.api;

import java.io.IOException;

/**
 * The API could not be served or asked. The message names the operation, the object and what to do.
 */
public class ApiException extends IOException {
  private static final long serialVersionUID = 1;

  public ApiException(String message) {
    super(message);
  }

  public ApiException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Nobody listens on the socket, or it may not be opened by this user. */
  public static final class Unreachable extends ApiException {
    private static final long serialVersionUID = 1;

    public Unreachable(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
