package dev.drawbridge.policy;

/**
 * A party as compiled code asks for it.
 *
 * @param selector number of the selector, -1 for any other party
 */
record Match(Party party, int selector) {
  boolean isAnyone() {
    return party == Party.Entity.ANYONE;
  }

  boolean isSelector() {
    return selector >= 0;
  }
}
