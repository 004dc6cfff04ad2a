/**
 * The first message of a TLS client, read for its server name and its protocols.
 *
 * <p>Read first: {@link dev.drawbridge.l7.tls.HelloReader}, which finds the message in records and
 * segments, then {@link dev.drawbridge.l7.tls.ClientHello}, which is what it says.
 *
 * <p>It never decrypts, never changes a byte, never takes one name for another: what two servers
 * might read differently has no name.
 *
 * <p>Only the relay package may depend on it.
 */
@NullMarked
package dev.drawbridge.l7.tls;

import org.jspecify.annotations.NullMarked;
