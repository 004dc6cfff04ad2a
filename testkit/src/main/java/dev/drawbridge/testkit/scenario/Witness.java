package dev.drawbridge.testkit.scenario;

import dev.drawbridge.testkit.Await;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * What the asked server knows of a question: a reply alone does not say that nothing arrived.
 *
 * @param arrived how many requests it has logged
 * @param seenAs the table's words about the address that it saw
 */
record Witness(LongSupplier arrived, UnaryOperator<String> seenAs) {
  private static final Duration LOGGED = Duration.ofSeconds(5);

  /** Words about a caller whose addresses are known. */
  static String seen(String address, String... own) {
    return Arrays.asList(own).contains(address) ? ", own address seen" : ", " + address + " seen";
  }

  /** Asks, and holds the reply against the server's own log. */
  Observation judge(Supplier<Reply> asking, Supplier<String> verdict) {
    long before = arrived.getAsLong();
    Reply reply = asking.get();
    if (reply.status() == 200) {
      // The server writes its log after the answer has left. What is missing then is found below.
      Await.within(LOGGED, () -> arrived.getAsLong() > before);
    }
    long arrivals = arrived.getAsLong() - before;
    String words = reply.words();
    if (reply.status() == 200) {
      String body = reply.body();
      words += seenAs.apply(body.substring(body.lastIndexOf(' ') + 1));
      return new Observation(
          words + (arrivals == 1 ? "" : ", arrived " + arrivals + " times"), verdict.get());
    }
    words += arrivals == 0 ? ", nothing arrived" : ", BUT " + arrivals + " ARRIVED";
    return new Observation(words, reply.unanswered() ? verdict.get() : reply.reason());
  }
}
