package dev.drawbridge.policy.http;

import java.util.ArrayList;
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

  /** These fields and others that came later. */
  default Headers and(Headers later) {
    return name -> {
      List<String> first = all(name);
      List<String> second = later.all(name);
      if (second.isEmpty()) {
        return first;
      }
      List<String> both = new ArrayList<>(first);
      both.addAll(second);
      return both;
    };
  }
}
