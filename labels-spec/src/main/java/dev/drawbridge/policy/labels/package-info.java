/**
 * Labels of a container as they came: their keys, where they stand, what they say of the workload
 * and of what it keeps.
 */
@NullMarked
package dev.drawbridge.policy.labels;

import org.jspecify.annotations.NullMarked;
