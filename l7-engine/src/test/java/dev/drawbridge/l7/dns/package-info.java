/** Tests of the engine of names. */
@NullMarked
package dev.drawbridge.l7.dns;

import org.jspecify.annotations.NullMarked;
