package dev.drawbridge.api.report;

import dev.drawbridge.policy.ask.Answer;
import java.util.SortedMap;

/**
 * One side of a flow or a verdict.
 *
 * @param endpoint number in the kernel tables; 0 unknown, 1 host, 2 world, 3 exempt container
 * @param name container name, {@code host}, {@code world}, {@code exempt}, the names by which the
 *     caller knows the address (three at most, joined by commas), or empty for a set of labels that
 *     no container has
 * @param labels identity labels, empty if there are none
 */
public record PeerReference(int endpoint, String name, SortedMap<String, String> labels) {

  static PeerReference of(Answer.Peer peer) {
    return new PeerReference(peer.endpoint(), peer.name(), peer.labels());
  }

  /** The name, or the labels as {@code a=b,c=d}, or {@code #number}. */
  public String display() {
    if (!name.isEmpty()) {
      return name;
    }
    if (labels.isEmpty()) {
      return "#" + endpoint;
    }
    StringBuilder text = new StringBuilder();
    labels.forEach((key, value) ->
        text.append(text.isEmpty() ? "" : ",").append(key).append('=').append(value));
    return text.toString();
  }
}
