/**
 * The agent: the one place where the modules meet and where decisions become I/O.
 *
 * <p>Read {@link dev.drawbridge.daemon.Agent} (what is started in which order), {@link
 * dev.drawbridge.daemon.loop.ControlLoop} (the single thread that owns all mutable state) and
 * {@link dev.drawbridge.daemon.kernel.Datapath} (the executor of the plan's actions) first.
 *
 * <p>It never decides what is allowed: that is labels-spec for rules, control for the plan, and the
 * kernel programs and the engine for packets and requests.
 *
 * <p>Nothing depends on it but the tests and the benches.
 */
@NullMarked
package dev.drawbridge.daemon;

import org.jspecify.annotations.NullMarked;
