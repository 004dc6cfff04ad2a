package dev.drawbridge.policy;

import java.util.List;

/** A request's header fields. */
@FunctionalInterface
public interface Headers {
  /** No field at all. */
  Headers NONE = name -> List.of();

  /**
   * Every field value of that name, in order, not split at commas; empty if there is none.
   *
   * @param lowerCaseName in lower case
   */
  List<String> all(String lowerCaseName);
}
