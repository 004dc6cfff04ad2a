package dev.drawbridge.control;

import dev.drawbridge.policy.ContainerPolicy;
import dev.drawbridge.policy.Member;
import dev.drawbridge.policy.Workload;

/**
 * A running container together with what was decided about it.
 *
 * @param endpoint its number in the kernel's maps, stable for as long as the container exists
 * @param container what was observed of it
 * @param declared what its labels say
 * @param broken its labels could not be read, or the kernel took only a part of its rules: closed
 *     in both directions whatever labels and mode say
 * @param netns the agent's number of its network namespace, never 0
 * @param enginePort4 the engine's listener on 127.0.0.1 in that namespace, 0 when there is none
 * @param enginePort6 the engine's listener on ::1 in that namespace, 0 when there is none
 * @param settling it ran when it was found, and what its rules deny passes for a moment more: what
 *     began unseen ends by itself
 * @param member what the policy is compiled from; made once, for it is asked for at every change
 */
public record GuardedContainer(
    int endpoint,
    ObservedContainer container,
    ContainerPolicy declared,
    boolean broken,
    int netns,
    int enginePort4,
    int enginePort6,
    boolean settling,
    Member member) {

  /** One whose rules are in force from the start. */
  public GuardedContainer(
      int endpoint,
      ObservedContainer container,
      ContainerPolicy declared,
      boolean broken,
      int netns,
      int enginePort4,
      int enginePort6) {
    this(endpoint, container, declared, broken, netns, enginePort4, enginePort6, false);
  }

  /** With the member that follows from the rest. */
  public GuardedContainer(
      int endpoint,
      ObservedContainer container,
      ContainerPolicy declared,
      boolean broken,
      int netns,
      int enginePort4,
      int enginePort6,
      boolean settling) {
    this(
        endpoint,
        container,
        declared,
        broken,
        netns,
        enginePort4,
        enginePort6,
        settling,
        new Member(endpoint, Workload.of(container.name(), container.labels()), declared));
  }
}
