package dev.drawbridge.policy.kernel;

import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Peers;

/**
 * One entry of the kernel's map {@code pairs}.
 *
 * @param owner endpoint whose side it is
 * @param direction seen from the owner
 * @param peer a peer number, {@link Peers#ANY} for every peer without an entry
 */
public record PairEntry(int owner, Direction direction, int peer, PortTable table) {}
