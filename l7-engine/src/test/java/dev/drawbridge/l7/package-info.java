/** Tests of the engine as a whole, over real sockets. */
@NullMarked
package dev.drawbridge.l7;

import org.jspecify.annotations.NullMarked;
