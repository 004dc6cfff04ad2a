/**
 * What container engines report, as values: one feed of {@link
 * dev.drawbridge.control.RuntimeEvent}s.
 *
 * <p>Read {@link dev.drawbridge.runtime.DockerFeed} first: subscribe, list, replay, and again after
 * every lost connection.
 *
 * <p>It never decides anything, never runs inside a hook (the engine would deadlock) and keeps no
 * state that a list could not replace.
 *
 * <p>The daemon depends on it; it depends on control for the types of its events.
 */
@NullMarked
package dev.drawbridge.runtime;

import org.jspecify.annotations.NullMarked;
