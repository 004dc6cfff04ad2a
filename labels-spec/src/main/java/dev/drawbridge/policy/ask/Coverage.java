package dev.drawbridge.policy.ask;

import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.automaton.Inclusion;
import dev.drawbridge.policy.language.Action;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Sentence;
import dev.drawbridge.policy.parse.Regexes;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/** Whether one sentence speaks of everything that another speaks of. May say no when unsure. */
public final class Coverage {
  private Coverage() {}

  /** Whether {@code wide} applies wherever {@code narrow} does. */
  public static boolean covers(Sentence wide, Sentence narrow) {
    return wide.conditions().isEmpty()
        && wide.authority() == narrow.authority()
        // What only adds does not close what the other closes.
        && (!wide.adds() || narrow.adds())
        && party(wide.subject(), narrow.subject())
        && party(wide.object(), narrow.object())
        && action(wide, narrow);
  }

  private static boolean party(Optional<Party> wide, Optional<Party> narrow) {
    if (wide.equals(narrow) || wide.equals(Optional.of(Party.Entity.ANYONE))) {
      return true;
    }
    return wide.orElse(null) instanceof Party.Selector(var few)
        && narrow.orElse(null) instanceof Party.Selector(var many)
        && new HashSet<>(many).containsAll(few);
  }

  private static boolean action(Sentence wide, Sentence narrow) {
    if (wide.action() instanceof Action.Connect(var ports)) {
      return ports.isEmpty() || (connects(narrow) && spans(ports, ports(narrow)));
    }
    boolean samePorts = wide.ports().equals(narrow.ports());
    if (isRequest(wide) && isRequest(narrow)) {
      boolean grpcOnly = wide.allows() && wide.action() instanceof Action.Call;
      return samePorts
          && (!grpcOnly || narrow.action() instanceof Action.Call)
          && Inclusion.covers(Regexes.requestLine(wide), Regexes.requestLine(narrow));
    }
    return samePorts && wide.action().covers(narrow.action());
  }

  private static boolean isRequest(Sentence sentence) {
    return sentence.action() instanceof Action.Http || sentence.action() instanceof Action.Call;
  }

  /** Whether the sentence says which ports it is about. */
  private static boolean connects(Sentence sentence) {
    return !ports(sentence).isEmpty();
  }

  private static Ports ports(Sentence sentence) {
    return sentence.action() instanceof Action.Connect(var own) ? own : sentence.ports();
  }

  private static boolean spans(Ports wide, Ports narrow) {
    for (Ports.Span span : narrow.spans()) {
      List<Ports.Span> around =
          wide.spans().stream()
              .filter(w -> w.protocol() == span.protocol())
              .filter(w -> w.low() <= span.low() && span.high() <= w.high())
              .toList();
      if (around.isEmpty()) {
        return false;
      }
    }
    return true;
  }
}
