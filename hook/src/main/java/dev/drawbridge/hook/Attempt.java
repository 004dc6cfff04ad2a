package dev.drawbridge.hook;

import java.util.Optional;
import java.util.function.Function;

/**
 * What came of reading or writing something that others own: a value, or one sentence that says
 * what was wrong with which file.
 *
 * @param <T> what was wanted
 */
public sealed interface Attempt<T> {

  /**
   * It worked.
   *
   * @param value what was wanted
   * @param <T> its type
   */
  record Done<T>(T value) implements Attempt<T> {}

  /**
   * It did not.
   *
   * @param sentence names the file and the fault, without a full stop, fit to be shown to a user
   * @param <T> what was wanted
   */
  record Failed<T>(String sentence) implements Attempt<T> {}

  static <T> Attempt<T> done(T value) {
    return new Done<>(value);
  }

  static <T> Attempt<T> failed(String sentence) {
    return new Failed<>(sentence);
  }

  /** The value, for callers to whom the reason for its absence makes no difference. */
  default Optional<T> toOptional() {
    return switch (this) {
      case Done<T> done -> Optional.of(done.value());
      case Failed<T> failed -> Optional.empty();
    };
  }

  /** Goes on with the value, or passes the sentence along. */
  default <U> Attempt<U> then(Function<T, Attempt<U>> next) {
    return switch (this) {
      case Done<T> done -> next.apply(done.value());
      case Failed<T> failed -> new Failed<>(failed.sentence());
    };
  }
}
