/**
 * Commands that show what the agent says of itself and of what it guards: {@code status}, {@code
 * endpoints}, {@code observe} and {@code problems}.
 */
@NullMarked
package dev.drawbridge.cli.agent;

import org.jspecify.annotations.NullMarked;
