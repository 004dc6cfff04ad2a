/**
 * The layer-7 engine: takes connections that the kernel turned towards it, judges each request,
 * relays or refuses it.
 *
 * <p>Read first: {@link dev.drawbridge.l7.L7Engine}, then {@code http1} and {@code http2} for how
 * bytes become a request, {@code opening} for how a connection begins, {@code relay} for what
 * happens to it, whatever it carries.
 *
 * <p>It never decides by an address, never relays a byte of a head that it did not parse and judge,
 * never repeats a request, and never lets two clients share a connection to a callee. It knows
 * nothing of BPF, Docker or files: those are the small interfaces in this package.
 *
 * <p>The daemon may depend on it; it depends on labels-spec and Netty only.
 */
@NullMarked
package dev.drawbridge.l7;

import org.jspecify.annotations.NullMarked;
