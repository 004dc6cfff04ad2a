package dev.drawbridge.api.report;

import java.time.Instant;
import java.util.List;

/**
 * One picture of the agent.
 *
 * @param ready the first list of containers has been applied to the kernel
 * @param generation the policy generation in force
 * @param endpoints containers known, whatever their mode
 * @param unattached names of running containers that should be enforced and are not attached; the
 *     list that makes {@code drawbridge status} exit non-zero
 * @param exempt containers that run unguarded because the operator listed them
 * @param problems number of entries of {@code /v1/problems}
 * @param drops what the kernel's programs refused since the agent's start, the most frequent first
 */
public record StatusReport(
    String version,
    Instant startedAt,
    boolean ready,
    long generation,
    List<Component> components,
    int endpoints,
    List<String> unattached,
    List<Exempt> exempt,
    int problems,
    List<Drops> drops) {

  /**
   * A container that the host's configuration exempts.
   *
   * @param entry of the list {@code exempt} that covers it
   */
  public record Exempt(String id, String name, String entry) {}

  /**
   * Refusals by one line of the kernel's programs.
   *
   * @param reason its slug; {@code repeated} where a socket's earlier refusal, whose record says
   *     why, holds on
   * @param hook the program's, such as {@code skb_egress}
   * @param line such as {@code skb_egress.bpf.c:286}
   * @param count packets, calls of applications, or (sock_ops) connections that a server must not
   *     have
   */
  public record Drops(String reason, String hook, String line, long count) {}

  /**
   * One part of the agent: kernel, hook, engine, events and so on. {@code detail} is one sentence.
   */
  public record Component(String name, Health health, String detail) {}

  /** OK: works. DEGRADED: works with less than was asked for. FAILED: does not work. */
  public enum Health {
    OK,
    DEGRADED,
    FAILED
  }

  /** Nothing has failed, and everything that should be enforced is attached. */
  public boolean healthy() {
    return ready
        && unattached.isEmpty()
        && components.stream().noneMatch(c -> c.health() == Health.FAILED);
  }
}
