package dev.drawbridge.policy;

/** A rule as a protocol sees it. */
public interface ReadRule {
  /** Its number in verdicts. */
  int number();

  /** Whether it is a "may". */
  boolean allows();

  Sentence sentence();

  /** Ports that it names; empty: every TCP port that no connect rule names. */
  Ports ports();
}
