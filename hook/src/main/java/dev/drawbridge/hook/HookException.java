package dev.drawbridge.hook;

/** The hook socket could not be set up: names the operation, the path and what to do about it. */
public final class HookException extends Exception {
  private static final long serialVersionUID = 1L;

  HookException(String message) {
    super(message);
  }

  HookException(String message, Throwable cause) {
    super(message, cause);
  }
}
