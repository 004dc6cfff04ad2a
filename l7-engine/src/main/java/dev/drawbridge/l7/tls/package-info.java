/**
 * The engine for TLS: the hellos of a client, read for the server name and the protocols, and the
 * ServerHello after which none can come any more.
 *
 * <p>Read first: {@link dev.drawbridge.l7.tls.TlsEngine}, which the registry of engines has, and
 * its conversation; then {@link dev.drawbridge.l7.tls.HelloReader}, which finds the message in
 * records and segments, {@link dev.drawbridge.l7.tls.ClientHello}, which is what it says, then
 * {@link dev.drawbridge.l7.tls.ServerHelloWatch}.
 *
 * <p>It never decrypts, never changes a byte, never takes one name for another: what two servers
 * might read differently has no name.
 *
 * <p>Only the registry of engines may depend on it.
 */
@NullMarked
package dev.drawbridge.l7.tls;

import org.jspecify.annotations.NullMarked;
