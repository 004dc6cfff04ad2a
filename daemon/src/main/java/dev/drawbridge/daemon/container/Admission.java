package dev.drawbridge.daemon.container;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.policy.Parsed;
import dev.drawbridge.policy.language.ContainerPolicy;

/**
 * A container that asks to start.
 *
 * @param container what its runtime's files and its namespace say; {@code pid} is the process that
 *     will become its first
 * @param declared its labels, read
 */
public record Admission(ObservedContainer container, Parsed<ContainerPolicy> declared) {}
