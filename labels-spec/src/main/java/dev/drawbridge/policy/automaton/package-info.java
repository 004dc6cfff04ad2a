/**
 * Regular languages without backtracking: parser, NFA, and a DFA that is determinised as it is
 * used.
 *
 * <p>Read first: {@link dev.drawbridge.policy.automaton.Dfa}.
 *
 * <p>It never backtracks and never grows without bound: beyond the limit of states it goes on with
 * the NFA, slower and with the same answers.
 *
 * <p>Only {@code dev.drawbridge.policy} may depend on it; it depends on nothing.
 */
@NullMarked
package dev.drawbridge.policy.automaton;

import org.jspecify.annotations.NullMarked;
