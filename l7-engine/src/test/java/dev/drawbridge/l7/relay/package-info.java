/** Tests of what the relay's parts do alone. */
@NullMarked
package dev.drawbridge.l7.relay;

import org.jspecify.annotations.NullMarked;
