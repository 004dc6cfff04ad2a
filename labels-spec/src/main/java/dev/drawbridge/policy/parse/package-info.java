/**
 * From text to the tree: labels, host policy files, single sentences, each mistake with its place
 * and what was expected.
 *
 * <p>Read {@link dev.drawbridge.policy.parse.LabelParser} and {@link
 * dev.drawbridge.policy.parse.HostPolicyParser} first.
 */
@NullMarked
package dev.drawbridge.policy.parse;

import org.jspecify.annotations.NullMarked;
