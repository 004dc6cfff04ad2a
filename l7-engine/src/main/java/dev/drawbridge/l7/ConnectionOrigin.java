package dev.drawbridge.l7;

import java.net.InetSocketAddress;

/**
 * What the kernel remembered about a connection before it turned it towards the engine.
 *
 * @param caller peer number of the container, host or world that connected
 * @param callee peer number of the container that it wanted
 * @param destination where it wanted to connect
 * @param arrival true when the connection was taken on arrival in the callee's namespace rather
 *     than at the caller's connect
 * @param heard true when somebody listened there at the caller's connect; false: nobody knows
 */
public record ConnectionOrigin(
    int caller, int callee, InetSocketAddress destination, boolean arrival, boolean heard) {}
