/** Tests of the HTTP/1 reader and writer without a channel. */
@NullMarked
package dev.drawbridge.l7.http1;

import org.jspecify.annotations.NullMarked;
