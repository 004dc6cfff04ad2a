package dev.drawbridge.control;

import dev.drawbridge.policy.Mode;

/**
 * One endpoint as the kernel should know it.
 *
 * @param closedEgress whether going out needs a rule
 * @param closedIngress whether coming in needs a rule
 * @param mode whether its own side's denials are enforced
 * @param netns the agent's number of its network namespace, never 0
 * @param enginePort4 where the engine listens on 127.0.0.1 in that namespace, 0 for nowhere
 * @param enginePort6 where the engine listens on ::1 in that namespace, 0 for nowhere
 * @param shared whether another endpoint lives in that namespace too
 */
public record EndpointState(
    boolean closedEgress,
    boolean closedIngress,
    Mode mode,
    int netns,
    int enginePort4,
    int enginePort6,
    boolean shared) {}
