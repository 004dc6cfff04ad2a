/**
 * The local control API: HTTP/1.1 on a Unix domain socket, and the same read-only routes on
 * loopback TCP, answered from an {@link dev.drawbridge.api.AgentView}.
 *
 * <p>Read {@link dev.drawbridge.api.AgentView} first (what the agent has to offer), then {@link
 * dev.drawbridge.api.server.ApiServer} (the two listeners), {@code RequestGuard} (who is turned
 * away) and {@code Routes} (what is answered). {@code LocalClient} is the other end, for the
 * command line.
 *
 * <p>It never changes anything: no route writes. It never sends a CORS header, never redirects,
 * never reads a request body, and never waits for a slow reader: a follower that falls behind is
 * told how many records it lost.
 *
 * <p>The daemon implements the view and owns the server; the command line uses the client and the
 * records. This package depends on no other part of Drawbridge, so every value here is a plain
 * record that travels as JSON.
 */
@NullMarked
package dev.drawbridge.api;

import org.jspecify.annotations.NullMarked;
