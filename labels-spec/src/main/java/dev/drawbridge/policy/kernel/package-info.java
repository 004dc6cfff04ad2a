/**
 * What the kernel is told of a policy: verdicts on ports, tables of them, entries for pairs and
 * networks.
 */
@NullMarked
package dev.drawbridge.policy.kernel;

import org.jspecify.annotations.NullMarked;
