package dev.drawbridge.policy.read;

import dev.drawbridge.policy.language.Party;

/**
 * A party as compiled code asks for it.
 *
 * @param selector number of the selector, -1 for any other party
 * @param sure number of the selector that leaves out whom a name means that several bear; the same
 *     if there is no such name in it
 */
public record Match(Party party, int selector, int sure) {
  public boolean isAnyone() {
    return party == Party.Entity.ANYONE;
  }

  public boolean isSelector() {
    return selector >= 0;
  }
}
