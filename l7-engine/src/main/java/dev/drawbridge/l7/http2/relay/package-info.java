/**
 * HTTP/2 between a client and a callee: {@code Http2Client} and {@code Http2Callee}, which have
 * their frames in an {@code Http2Leg} each, and the streams between them.
 *
 * <p>Only the registry of engines may depend on it.
 */
@NullMarked
package dev.drawbridge.l7.http2.relay;

import org.jspecify.annotations.NullMarked;
