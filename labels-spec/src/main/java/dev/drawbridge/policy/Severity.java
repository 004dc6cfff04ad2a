package dev.drawbridge.policy;

/** An error keeps a container from starting in enforce mode; a warning does not. */
public enum Severity {
  ERROR,
  WARNING
}
