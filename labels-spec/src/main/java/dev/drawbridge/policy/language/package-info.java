/**
 * What a policy says, as a tree: sentences, parties, actions and conditions, and the patterns in
 * them.
 *
 * <p>Parsed elsewhere, judged elsewhere.
 */
@NullMarked
package dev.drawbridge.policy.language;

import org.jspecify.annotations.NullMarked;
