/** Tests of the lint package. */
@NullMarked
package dev.drawbridge.tools.lint;

import org.jspecify.annotations.NullMarked;
