/**
 * Datagrams on their way to whoever reads them: where each was sent, who pays for it, and the way
 * out.
 *
 * <p>Knows no protocol.
 */
@NullMarked
package dev.drawbridge.l7.datagram;

import org.jspecify.annotations.NullMarked;
