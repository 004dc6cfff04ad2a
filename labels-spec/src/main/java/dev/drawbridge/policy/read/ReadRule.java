package dev.drawbridge.policy.read;

import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.language.Sentence;

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
