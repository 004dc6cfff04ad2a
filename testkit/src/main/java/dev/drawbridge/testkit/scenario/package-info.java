/**
 * The main job as a story in chapters on real containers: who asks whom for what, what must come of
 * it, and what did.
 *
 * <p>Read {@link dev.drawbridge.testkit.scenario.Scenario} first: it is the only place where the
 * rows are written. The demo prints them and {@code it} asserts them.
 *
 * <p>It never trusts the agent about the agent: whether something arrived is read from the server's
 * own log, who was seen from the server's own answer.
 *
 * <p>The demo and {@code it} depend on it.
 */
@NullMarked
package dev.drawbridge.testkit.scenario;

import org.jspecify.annotations.NullMarked;
