/**
 * The command line: {@code drawbridge status}, {@code verdict}, {@code observe} and so on, most of
 * them one question to the agent's local API each.
 *
 * <p>Read {@link dev.drawbridge.cli.Drawbridge} first (the commands and what every one shares),
 * then any command. {@link dev.drawbridge.cli.policy.ComposeOptions} is how {@code lint} finds
 * labels without an agent.
 *
 * <p>It never talks to a container engine or the kernel, never decides a verdict itself, and never
 * prints a label, path or name from outside without taking control characters out of it.
 *
 * <p>Nothing depends on it. It depends on api for everything that needs an agent, on labels-spec
 * for lint, and on install for registration.
 */
@NullMarked
package dev.drawbridge.cli;

import org.jspecify.annotations.NullMarked;
