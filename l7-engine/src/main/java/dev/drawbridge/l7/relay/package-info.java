/**
 * What happens to one connection: judge each request, relay it or refuse it, record it.
 *
 * <p>Read first: {@link dev.drawbridge.l7.opening.Arrival} and {@code Opening} (what a connection
 * is), {@link dev.drawbridge.l7.relay.Engine} (the seam: who reads it; {@code Engines} lists them),
 * then the two ends that every protocol is written on: {@link dev.drawbridge.l7.relay.ClientEnd},
 * with {@link dev.drawbridge.l7.relay.FirstBytes} for one that only looks and {@link
 * dev.drawbridge.l7.relay.PipedEnd} for one whose bytes go on, and {@link
 * dev.drawbridge.l7.relay.CalleeEnd}. {@link dev.drawbridge.l7.relay.Tunnel} is the shortest pair,
 * {@code Http1Client} and {@code Http1Callee} the next; {@code Http2Client} and {@code Http2Callee}
 * have their frames in an {@code Http2Leg} each. {@link dev.drawbridge.l7.relay.Relay} is what all
 * connections share. Both legs of a connection live on one event loop, so nothing here is locked.
 *
 * <p>It never sends a byte of a request before the verdict on it, never sends a request twice,
 * never lets a broken answer end like a whole one, and never waits for a slow reader with memory.
 *
 * <p>Only the engine's own packages may depend on it.
 */
@NullMarked
package dev.drawbridge.l7.relay;

import org.jspecify.annotations.NullMarked;
