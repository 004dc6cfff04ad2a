/** The executor of the plan's actions on the maps, and what is read back from them. */
@NullMarked
package dev.drawbridge.daemon.kernel;

import org.jspecify.annotations.NullMarked;
