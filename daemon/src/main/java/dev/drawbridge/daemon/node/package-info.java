/**
 * What the agent knows of each container that it guards, as others see it, with names and problems.
 */
@NullMarked
package dev.drawbridge.daemon.node;

import org.jspecify.annotations.NullMarked;
