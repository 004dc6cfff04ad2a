package dev.drawbridge.control;

import dev.drawbridge.policy.Direction;

/** Whose rules ({@code owner}), in which direction seen from there, towards whom. */
public record PairKey(int owner, Direction direction, int peer) {}
