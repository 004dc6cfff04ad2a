package dev.drawbridge.l7.kafka.judge;

import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/** What becomes of a request. */
public sealed interface Ruling {
  /**
   * It goes on as it came.
   *
   * @param amending what is changed in the answer, or learnt from it; null: it is not read
   */
  record Passed(@Nullable Amending amending) implements Ruling {}

  /**
   * It goes on in other words.
   *
   * @param version of what goes on; the answer is given in the client's
   */
  record Changed(ApiMessage data, short version, @Nullable Amending amending) implements Ruling {}

  /** It does not go on: that is the answer. */
  record Answered(ApiMessage answer) implements Ruling {}

  /** Nothing of it goes on, and there is nothing to answer: only the end can say so. */
  record Ended() implements Ruling {}

  /**
   * The part that may go on does, and then the end says that it was not all: nothing is answered.
   */
  record ChangedThenEnded(ApiMessage data) implements Ruling {}

  /** Makes a broker's answer the client's. */
  @FunctionalInterface
  interface Amending {
    ApiMessage amend(ApiMessage answer);
  }

  static Ruling passed() {
    return new Passed(null);
  }
}
