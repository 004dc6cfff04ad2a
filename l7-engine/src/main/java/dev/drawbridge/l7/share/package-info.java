/**
 * What one peer may take of the engine: memory, connections and time on a loop, each accounted to a
 * {@link dev.drawbridge.l7.share.Share}; and how many connections that are over may wait for their
 * end.
 *
 * <p>Knows no connection and no protocol.
 */
@NullMarked
package dev.drawbridge.l7.share;

import org.jspecify.annotations.NullMarked;
