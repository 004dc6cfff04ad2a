/**
 * The control thread and what feeds it: hooks, policy files, what ran before the agent did. {@link
 * dev.drawbridge.daemon.loop.ControlLoop} owns all mutable state.
 */
@NullMarked
package dev.drawbridge.daemon.loop;

import org.jspecify.annotations.NullMarked;
