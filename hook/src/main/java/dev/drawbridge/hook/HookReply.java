package dev.drawbridge.hook;

/** What the agent tells a hook or the runtime shim that is waiting for it. */
public sealed interface HookReply {

  /** Carry on: the container's rules are in place. */
  record Go() implements HookReply {}

  /**
   * The container must not start.
   *
   * @param sentence why, as one plain sentence; {@code docker run} prints it word for word. Line
   *     breaks and control characters become spaces, and what exceeds {@link
   *     HookServer#MAX_SENTENCE_BYTES} is cut
   */
  record Refuse(String sentence) implements HookReply {}

  /** Carry on although nothing guards this container: it is listed as exempt. */
  record GoUnguarded() implements HookReply {}

  static HookReply go() {
    return new Go();
  }

  static HookReply refuse(String sentence) {
    return new Refuse(sentence);
  }

  static HookReply goUnguarded() {
    return new GoUnguarded();
  }
}
