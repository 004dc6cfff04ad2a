/**
 * Finds mistakes before anything runs: in compose files and in host policies.
 *
 * <p>Read first: {@link dev.drawbridge.tools.lint.Linter}.
 *
 * <p>It never reads a file, the environment or another compose file: the caller brings the text.
 *
 * <p>The command line and whoever checks policies may depend on it.
 */
@NullMarked
package dev.drawbridge.tools.lint;

import org.jspecify.annotations.NullMarked;
