/** A path in every way in which a server may read it. */
@NullMarked
package dev.drawbridge.policy.path;

import org.jspecify.annotations.NullMarked;
