/** Tests of the HTTP/2 reader and writer without a channel. */
@NullMarked
package dev.drawbridge.l7.http2;

import org.jspecify.annotations.NullMarked;
