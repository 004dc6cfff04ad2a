/** Programs on cgroups and interfaces, and what is pinned for each. */
@NullMarked
package dev.drawbridge.daemon.attach;

import org.jspecify.annotations.NullMarked;
