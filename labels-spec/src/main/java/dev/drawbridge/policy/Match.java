package dev.drawbridge.policy;

/**
 * A party as compiled code asks for it.
 *
 * @param selector number of the selector, -1 for any other party
 * @param sure number of the selector that leaves out whom a name means that several bear; the same
 *     if there is no such name in it
 */
record Match(Party party, int selector, int sure) {
  boolean isAnyone() {
    return party == Party.Entity.ANYONE;
  }

  boolean isSelector() {
    return selector >= 0;
  }
}
