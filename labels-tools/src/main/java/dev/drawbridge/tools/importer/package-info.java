/**
 * Turns other systems' network policies into sentences.
 *
 * <p>Read first: {@link dev.drawbridge.tools.importer.Importer}.
 *
 * <p>It never leaves anything out without saying so, never widens what it cannot express, and never
 * takes a document that its own system would refuse or silently misread.
 *
 * <p>The command line may depend on it.
 */
@NullMarked
package dev.drawbridge.tools.importer;

import org.jspecify.annotations.NullMarked;
