/** Tests of what all readers share. */
@NullMarked
package dev.drawbridge.tools;

import org.jspecify.annotations.NullMarked;
