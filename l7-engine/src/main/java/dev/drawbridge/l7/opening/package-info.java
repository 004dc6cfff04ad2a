/**
 * How a connection begins: claimed, admitted, judged, and given to the engine that its first bytes
 * name. {@code Engines} is the one place that lists the engines.
 *
 * <p>Nothing but what accepts connections may depend on it.
 */
@NullMarked
package dev.drawbridge.l7.opening;

import org.jspecify.annotations.NullMarked;
