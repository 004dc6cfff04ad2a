/**
 * What container engines report, as values: one feed of {@link
 * dev.drawbridge.control.RuntimeEvent}s.
 *
 * <p>Read {@link dev.drawbridge.runtime.EngineFeed} first: subscribe, list, replay, and again after
 * every lost connection.
 *
 * <p>It never decides anything and keeps no state that a list could not replace. It never runs
 * inside a hook, where Docker would deadlock, but for {@link
 * dev.drawbridge.runtime.ContainerdLookup}, and for Podman's files, which nobody holds.
 *
 * <p>The daemon depends on it; it depends on control for the types of its events.
 */
@NullMarked
package dev.drawbridge.runtime;

import org.jspecify.annotations.NullMarked;
