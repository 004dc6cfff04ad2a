/**
 * HTTP/1 between a client and a callee: {@code Http1Client} and {@code Http1Callee}, what is asked
 * on them, and what the engine answers itself.
 *
 * <p>Only the registry of engines may depend on it.
 */
@NullMarked
package dev.drawbridge.l7.http1.relay;

import org.jspecify.annotations.NullMarked;
