/**
 * Which containers there are and what they say of themselves: labels, images, what was admitted,
 * granted and exempted.
 */
@NullMarked
package dev.drawbridge.daemon.container;

import org.jspecify.annotations.NullMarked;
