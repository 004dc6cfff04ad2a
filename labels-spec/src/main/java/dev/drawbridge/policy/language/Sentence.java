package dev.drawbridge.policy.language;

import dev.drawbridge.policy.Ports;
import java.util.List;
import java.util.Optional;

/**
 * A sentence, understood.
 *
 * @param subject who calls; empty in a label: the container that bears it
 * @param allows {@code may}, or {@code may not}
 * @param adds {@code may also}: it closes no side
 * @param object who is called; empty in a label: the container that bears it
 * @param ports of the callee; empty unless the sentence names some
 * @param conditions all must hold
 */
public record Sentence(
    Optional<Party> subject,
    boolean allows,
    boolean adds,
    Action action,
    Optional<Party> object,
    Ports ports,
    List<Condition> conditions,
    Authority authority) {
  public Sentence {
    conditions = List.copyOf(conditions);
  }

  /** One that closes the side that it is about. */
  public Sentence(
      Optional<Party> subject,
      boolean allows,
      Action action,
      Optional<Party> object,
      Ports ports,
      List<Condition> conditions,
      Authority authority) {
    this(subject, allows, false, action, object, ports, conditions, authority);
  }

  /** The canonical spelling; reading it again gives an equal sentence. */
  public String print() {
    var out = new StringBuilder();
    subject.ifPresent(s -> out.append(s.print()).append(' '));
    out.append(adds ? "may also " : allows ? "may " : "may not ").append(action.print());
    object.ifPresent(o -> out.append(" on ").append(o.print()));
    if (!ports.isEmpty()) {
      out.append(" port ").append(ports.printNumbers());
    }
    for (Condition condition : conditions) {
      out.append(' ').append(condition.print());
    }
    switch (authority) {
      case BOTH -> {}
      case CALLER -> out.append(" for caller");
      case CALLEE -> out.append(" for callee");
    }
    return out.toString();
  }
}
