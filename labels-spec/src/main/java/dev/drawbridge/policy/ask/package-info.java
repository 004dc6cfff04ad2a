/**
 * Questions that people ask: "may this do that?". One inquiry answers for the agent, by the policy
 * in force, and for the client, by a compose file; both ask the policy as the engine does.
 *
 * <p>Read first {@link dev.drawbridge.policy.ask.Inquiry}. Never answers what cannot be known: then
 * it says what is missing. Used by the API, the agent and the client.
 */
@NullMarked
package dev.drawbridge.policy.ask;

import org.jspecify.annotations.NullMarked;
