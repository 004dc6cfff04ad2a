package dev.drawbridge.api;

/** The two things that can happen to a connection or a request. */
public enum Outcome {
  ALLOW,
  DENY
}
