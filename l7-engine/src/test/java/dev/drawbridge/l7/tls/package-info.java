/** Tests of reading a TLS client's first message. */
@NullMarked
package dev.drawbridge.l7.tls;

import org.jspecify.annotations.NullMarked;
