/**
 * Network namespaces: entering them, the engine's listeners and sockets in them, who shares one,
 * and ending connections that are denied by now.
 */
@NullMarked
package dev.drawbridge.daemon.network;

import org.jspecify.annotations.NullMarked;
