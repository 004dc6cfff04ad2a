package dev.drawbridge.policy.parse;

import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.language.Term;
import java.util.Optional;

/** Whether a party is a given container. */
public final class Bearer {
  private Bearer() {}

  public static boolean matches(Party party, Workload workload) {
    return switch (party) {
      case Party.Selector selector -> matches(selector, workload, workload.composeProject());
      case Party.Entity entity -> entity == Party.Entity.ANYONE;
      case Party.Network network -> false;
      case Party.Zone zone -> false;
      case Party.Name name -> false;
    };
  }

  static boolean matches(Party.Selector selector, Workload workload, Optional<String> project) {
    for (Term term : selector.terms()) {
      if (!term.matches(workload, project)) {
        return false;
      }
    }
    return true;
  }
}
