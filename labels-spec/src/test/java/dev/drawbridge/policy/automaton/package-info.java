/** Tests of the automaton package. */
@NullMarked
package dev.drawbridge.policy.automaton;

import org.jspecify.annotations.NullMarked;
