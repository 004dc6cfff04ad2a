/**
 * What every command has: the terminal, its exit code, its formats, and the way to the agent.
 *
 * <p>Knows no command.
 */
@NullMarked
package dev.drawbridge.cli.terminal;

import org.jspecify.annotations.NullMarked;
