/**
 * What every protocol that is read has: what is asked on it, the rules that speak of it, what they
 * say.
 *
 * <p>Knows no protocol.
 */
@NullMarked
package dev.drawbridge.policy.read;

import org.jspecify.annotations.NullMarked;
