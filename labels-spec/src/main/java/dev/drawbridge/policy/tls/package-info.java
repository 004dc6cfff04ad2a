/**
 * What the language knows of TLS: how a server name is asked about, and judged.
 *
 * <p>Read first: {@link dev.drawbridge.policy.tls.TlsProtocol}, which the registry of protocols
 * has.
 *
 * <p>It never reads a byte: that is the engine's affair.
 *
 * <p>Whoever asks by a server name may depend on it.
 */
@NullMarked
package dev.drawbridge.policy.tls;

import org.jspecify.annotations.NullMarked;
