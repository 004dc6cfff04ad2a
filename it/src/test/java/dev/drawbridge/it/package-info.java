/**
 * What holds only for the whole: the scenario on a real engine and kernel, the rules between
 * modules, and the lists that code and documents share.
 *
 * <p>Read {@code dev.drawbridge.testkit.scenario.Scenario} first, then {@code ArchitectureTest}.
 *
 * <p>Tests of one module's behaviour are in that module, never here.
 *
 * <p>Nothing depends on it.
 */
@NullMarked
package dev.drawbridge.it;

import org.jspecify.annotations.NullMarked;
