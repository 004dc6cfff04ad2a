/** Tests of the policy language. */
@NullMarked
package dev.drawbridge.policy;

import org.jspecify.annotations.NullMarked;
