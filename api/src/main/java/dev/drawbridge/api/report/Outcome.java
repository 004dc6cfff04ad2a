package dev.drawbridge.api.report;

/** The two things that can happen to a connection or a request. */
public enum Outcome {
  ALLOW,
  DENY
}
