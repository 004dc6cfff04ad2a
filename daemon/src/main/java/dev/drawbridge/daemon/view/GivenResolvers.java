package dev.drawbridge.daemon.view;

import dev.drawbridge.daemon.kernel.LearnedAddresses;
import dev.drawbridge.daemon.node.NodeState;
import dev.drawbridge.policy.dns.DnsAsk;
import java.net.InetSocketAddress;
import java.util.function.Supplier;

/** Whom containers may believe, by the state last applied. */
public final class GivenResolvers implements LearnedAddresses.Believed {
  private final Supplier<NodeState> state;

  public GivenResolvers(Supplier<NodeState> state) {
    this.state = state;
  }

  @Override
  public boolean forges(int caller) {
    NodeState.Container container = state.get().containers().get(caller);
    return container == null || container.forged();
  }

  /** At any other port even 127.0.0.11 is a process of the container's. */
  @Override
  public boolean isGiven(int caller, InetSocketAddress resolver) {
    NodeState.Container container = state.get().containers().get(caller);
    return container != null
        && resolver.getPort() == DnsAsk.PORT
        && container.resolvers().contains(resolver.getAddress());
  }
}
