package dev.drawbridge.daemon.loop;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.container.Evasions;
import dev.drawbridge.daemon.host.Resolvers;
import dev.drawbridge.daemon.network.Spaces.Space;
import dev.drawbridge.daemon.node.Guard;
import java.net.InetAddress;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Whose answers say what names mean: the resolvers that a container was given, unless somebody who
 * lives where it lives can make packets by hand, and so answer in their place.
 */
final class BelievedResolvers {
  private static final String OTHERS = "container:";

  private BelievedResolvers() {}

  /**
   * Tells everybody who lives there whom to believe.
   *
   * @param all every container that is known
   * @param granted the capabilities that one was granted
   */
  static void weigh(
      Space space,
      Collection<Guard> all,
      Resolvers resolvers,
      Function<Guard, Set<String>> granted) {
    for (Guard guard : all) {
      if (guard.lives(space)) {
        Set<String> capabilities = new TreeSet<>(granted.apply(guard));
        capabilities.addAll(guard.found());
        if (!Evasions.among(capabilities).isEmpty()) {
          space.mayForge();
        }
      }
    }
    for (Guard guard : all) {
      if (guard.lives(space)) {
        boolean forged = space.forged();
        guard.believes(forged ? Set.of() : given(guard.observed(), all, resolvers), forged);
      }
    }
  }

  /** In another's namespace the other's resolvers answer. */
  private static Set<InetAddress> given(
      ObservedContainer container, Collection<Guard> all, Resolvers resolvers) {
    if (!container.networkMode().startsWith(OTHERS)) {
      return resolvers.given(container);
    }
    String other = container.networkMode().substring(OTHERS.length());
    for (Guard guard : all) {
      if (guard.observed().id().equals(other) || guard.observed().name().equals(other)) {
        return resolvers.given(guard.observed());
      }
    }
    return Set.of();
  }
}
