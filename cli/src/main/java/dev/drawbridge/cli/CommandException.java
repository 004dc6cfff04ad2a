package dev.drawbridge.cli;

/**
 * A command cannot be carried out; the message is for the user. Ends with {@link Exit#NO_ANSWER}.
 */
final class CommandException extends Exception {
  private static final long serialVersionUID = 1L;

  CommandException(String message) {
    super(message);
  }

  CommandException(String message, Throwable cause) {
    super(message, cause);
  }
}
