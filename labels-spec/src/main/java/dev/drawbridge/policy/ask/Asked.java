package dev.drawbridge.policy.ask;

import dev.drawbridge.policy.read.Ask;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * A question: may {@code from} do this to {@code to}? Either a request (method and target) or a
 * connection (port), or both; or something else that an engine would read.
 *
 * @param port 1 to 65535, or 0 if none was given (only with what an engine reads, or for icmp)
 * @param host as the client sends it; in no header beside it
 * @param headers lower-case name to every value, in order; without Host
 * @param ask what an engine would read that is no request; never together with one
 * @param explain whether the answer shall say what nearly matched and what would allow it
 */
public record Asked(
    Who from,
    Who to,
    Optional<Request> request,
    Protocol protocol,
    int port,
    Optional<String> host,
    SortedMap<String, List<String>> headers,
    Optional<Ask> ask,
    boolean explain) {

  /** An HTTP method and a target, as they stand in the request line. */
  public record Request(String method, String path) {}

  /** Transport protocols by the name that the language uses; {@code number} is IANA's. */
  public enum Protocol {
    TCP(6),
    UDP(17),
    SCTP(132),
    ICMP(1);

    private final int number;

    Protocol(int number) {
      this.number = number;
    }

    public int number() {
      return number;
    }
  }
}
