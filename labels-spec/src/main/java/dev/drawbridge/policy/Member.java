package dev.drawbridge.policy;

import dev.drawbridge.policy.labels.Workload;
import dev.drawbridge.policy.language.ContainerPolicy;

/**
 * One container of the host.
 *
 * @param endpoint its number, {@link Peers#FIRST_ENDPOINT} or more
 * @param workload who it is
 * @param declared what its labels declare
 */
public record Member(int endpoint, Workload workload, ContainerPolicy declared) {
  public Member {
    if (!Peers.isEndpoint(endpoint)) {
      throw new IllegalArgumentException(
          "endpoint " + endpoint + " of " + workload.name() + " is below " + Peers.FIRST_ENDPOINT);
    }
  }
}
