/**
 * The engine's sockets in other network namespaces: listeners, and sockets to dial onward from.
 *
 * <p>Read first: {@link dev.drawbridge.l7.accept.NamespaceListener}, then {@link
 * dev.drawbridge.l7.accept.SocketStock}.
 *
 * <p>It never reads a byte from a connection, and never makes a socket on an event loop: the thread
 * that makes a socket decides in which namespace the socket lives.
 *
 * <p>Only the engine's own packages may depend on it.
 */
@NullMarked
package dev.drawbridge.l7.accept;

import org.jspecify.annotations.NullMarked;
