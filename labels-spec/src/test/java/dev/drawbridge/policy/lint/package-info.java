/** Tests of the lint package. */
@NullMarked
package dev.drawbridge.policy.lint;

import org.jspecify.annotations.NullMarked;
