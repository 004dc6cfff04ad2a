/**
 * The two listeners, who is turned away at them, and every route that is answered.
 *
 * <p>Read {@link dev.drawbridge.api.server.ApiServer} first, then {@code RequestGuard} and {@code
 * Routes}.
 */
@NullMarked
package dev.drawbridge.api.server;

import org.jspecify.annotations.NullMarked;
