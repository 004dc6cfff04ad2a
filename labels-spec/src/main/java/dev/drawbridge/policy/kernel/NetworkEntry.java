package dev.drawbridge.policy.kernel;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Peers;

/**
 * An entry of the kernel's map {@code addresses}: a range of the world that some rule names. The
 * longest prefix decides, so a container's or the host's own address always goes first.
 *
 * @param peer its number, {@link Peers#isNetwork}
 */
public record NetworkEntry(Cidr range, int peer) {}
