package dev.drawbridge.control;

import dev.drawbridge.policy.Mode;

/**
 * One endpoint as the kernel should know it.
 *
 * @param closedEgress whether going out needs a rule
 * @param closedIngress whether coming in needs a rule
 * @param mode what becomes of its own rules
 * @param netns the agent's number of its network namespace, never 0
 * @param enginePort4 where the engine listens on 127.0.0.1 in that namespace, 0 for nowhere
 * @param enginePort6 where the engine listens on ::1 in that namespace, 0 for nowhere
 * @param shared whether another endpoint lives in that namespace too
 * @param firmEgress whether the host's policy alone denies something that goes out
 * @param firmIngress whether the host's policy alone denies something that comes in
 * @param names whether what it asks of resolvers goes through the engine
 * @param resolves whether it asks nobody while there is no engine
 * @param settling whether what its rules deny still passes, because it was attached a moment ago
 */
public record EndpointState(
    boolean closedEgress,
    boolean closedIngress,
    Mode mode,
    int netns,
    int enginePort4,
    int enginePort6,
    boolean shared,
    boolean firmEgress,
    boolean firmIngress,
    boolean names,
    boolean resolves,
    boolean settling) {

  /** One of whom the host's policy says nothing. */
  public EndpointState(
      boolean closedEgress,
      boolean closedIngress,
      Mode mode,
      int netns,
      int enginePort4,
      int enginePort6,
      boolean shared) {
    this(
        closedEgress,
        closedIngress,
        mode,
        netns,
        enginePort4,
        enginePort6,
        shared,
        false,
        false,
        false,
        false,
        false);
  }
}
