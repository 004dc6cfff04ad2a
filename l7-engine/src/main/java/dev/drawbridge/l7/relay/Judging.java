package dev.drawbridge.l7.relay;

import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.Verdict;

/** What a connection is judged by again that an engine has to read, after it has been read. */
@FunctionalInterface
public interface Judging {
  /** The verdict by that policy; it goes on if that is ALLOW. */
  Verdict again(Policy policy);
}
