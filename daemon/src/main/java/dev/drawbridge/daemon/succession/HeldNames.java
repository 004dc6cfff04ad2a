package dev.drawbridge.daemon.succession;

import dev.drawbridge.l7.LearnedNames;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Consumer;

/**
 * What is learned of names, until another agent learns. An answer that comes later waits for ever:
 * its client asks again, and is answered by that agent, which knows what was learned.
 */
public final class HeldNames implements LearnedNames {
  private final LearnedNames names;
  private volatile boolean holding;

  public HeldNames(LearnedNames names) {
    this.names = names;
  }

  /** Learns nothing any more. */
  public void hold() {
    holding = true;
  }

  @Override
  public int again(int caller, int peer, InetAddress address) {
    return names.again(caller, peer, address);
  }

  @Override
  public Refusal refusal() {
    return names.refusal();
  }

  @Override
  public void learned(
      int caller,
      InetSocketAddress resolver,
      List<String> asked,
      List<Address> addresses,
      Consumer<Outcome> then) {
    if (!holding) {
      names.learned(caller, resolver, asked, addresses, then);
    }
  }
}
