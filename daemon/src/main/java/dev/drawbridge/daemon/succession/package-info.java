/**
 * How one agent gives its place to another while both run.
 *
 * <p>Read first: {@link dev.drawbridge.daemon.succession.Succession}, the end of the agent that
 * goes, then {@link dev.drawbridge.daemon.succession.Predecessor}, what the one that comes knows of
 * it. What they say to each other is in {@link dev.drawbridge.daemon.succession.Words}.
 *
 * <p>It never decides what is allowed. Only the composition root may depend on it.
 */
@NullMarked
package dev.drawbridge.daemon.succession;

import org.jspecify.annotations.NullMarked;
