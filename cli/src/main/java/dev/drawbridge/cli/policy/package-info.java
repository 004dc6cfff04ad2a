/**
 * Commands that read policy: {@code verdict}, {@code lint} and {@code import}, and the files that
 * are named to them.
 */
@NullMarked
package dev.drawbridge.cli.policy;

import org.jspecify.annotations.NullMarked;
