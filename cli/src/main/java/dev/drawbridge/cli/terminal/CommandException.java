package dev.drawbridge.cli.terminal;

/**
 * A command cannot be carried out; the message is for the user. Ends with {@link Exit#NO_ANSWER}.
 */
public final class CommandException extends Exception {
  private static final long serialVersionUID = 1L;

  public CommandException(String message) {
    super(message);
  }

  public CommandException(String message, Throwable cause) {
    super(message, cause);
  }
}
