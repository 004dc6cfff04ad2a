/**
 * What happens to one connection: judge each request, relay it or refuse it, record it.
 *
 * <p>Read first: {@link dev.drawbridge.l7.relay.Opening} (what a connection is), {@link
 * dev.drawbridge.l7.relay.Engine} (the seam: who reads it; {@code Engines} lists them), then {@link
 * dev.drawbridge.l7.relay.Tunnel} (what is carried unread), {@link
 * dev.drawbridge.l7.relay.ClientLeg} (HTTP/1: the connection and its requests), {@link
 * dev.drawbridge.l7.relay.CalleeLeg} (its answers) and {@link dev.drawbridge.l7.relay.Relay} (what
 * all connections share). Both legs of a connection live on one event loop, so nothing here is
 * locked.
 *
 * <p>It never sends a byte of a request before the verdict on it, never sends a request twice,
 * never lets a broken answer end like a whole one, and never waits for a slow reader with memory.
 *
 * <p>Only the engine's own packages may depend on it.
 */
@NullMarked
package dev.drawbridge.l7.relay;

import org.jspecify.annotations.NullMarked;
