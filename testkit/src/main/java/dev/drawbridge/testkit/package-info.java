/**
 * A laboratory with real parts: a private Docker engine in a network namespace of its own, images
 * made from this machine's programs, and the agent as its own process. Nothing here is a fake.
 *
 * <p>Read {@link dev.drawbridge.testkit.EngineLab} first, then {@link
 * dev.drawbridge.testkit.scenario.Scenario}.
 *
 * <p>It never touches the machine's own engine, its bridges, its iptables rules or its API port,
 * and a lab that is closed leaves no process, mount, cgroup, namespace or file.
 *
 * <p>The demo, {@code it} and {@code bench} depend on it; nothing that ships does.
 */
@NullMarked
package dev.drawbridge.testkit;

import org.jspecify.annotations.NullMarked;
