/**
 * {@code drawbridge selftest}: throw-away containers on this host's own engine ask each other, and
 * what the wire says is compared with what was to be expected and with the agent's verdict.
 *
 * <p>Read {@link SelftestCommand} first, then {@link Rows} (who asks whom for what) and {@link
 * Throwaways} (what is made, and taken away again whatever happens). It knows no policy: what it
 * asks of the agent it asks by the API, and engines by their own programs, never through a shell.
 */
@NullMarked
package dev.drawbridge.cli.selftest;

import org.jspecify.annotations.NullMarked;
