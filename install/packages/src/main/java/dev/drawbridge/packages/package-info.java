/**
 * What the packages have beside the distribution: made from what the command line says of itself.
 */
@NullMarked
package dev.drawbridge.packages;

import org.jspecify.annotations.NullMarked;
