/**
 * The functional core of the agent: what is declared and observed goes in, what the kernel and the
 * engine should hold comes out, and the difference to what they do hold is a plan of plain values.
 *
 * <p>Read {@link dev.drawbridge.control.ObservedContainer} (what a runtime reports), {@link
 * dev.drawbridge.control.Desired} (what should be applied) and {@link
 * dev.drawbridge.control.Planner} (the difference, as a list of {@link
 * dev.drawbridge.control.Action}) first.
 *
 * <p>It never does I/O, never reads a clock, starts no thread and keeps no state between calls. The
 * one executor of its actions is in the daemon.
 *
 * <p>The daemon and the runtime listeners may depend on it; it depends on labels-spec alone.
 */
@NullMarked
package dev.drawbridge.control;

import org.jspecify.annotations.NullMarked;
