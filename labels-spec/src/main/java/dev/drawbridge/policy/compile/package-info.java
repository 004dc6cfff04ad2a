/**
 * What rules become before they are judged by: who is meant by each, on which ports, at which
 * addresses, and the one list of protocols.
 *
 * <p>Nothing outside the language may depend on it: it is asked through {@link
 * dev.drawbridge.policy.Policy}.
 */
@NullMarked
package dev.drawbridge.policy.compile;

import org.jspecify.annotations.NullMarked;
