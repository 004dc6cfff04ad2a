package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.Cidr;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** How a number of addresses known by name is written down for the agent's next life. */
final class NamedPeersText {
  private NamedPeersText() {}

  /** {@code world;+*.stripe.com;-**}: the part of the world, then what rules say of it. */
  static String print(NamedPeers.Key key) {
    Cidr base = key.base();
    var text = new StringBuilder(base == null ? "world" : base.print());
    key.allowing().forEach(name -> text.append(";+").append(name));
    key.forbidding().forEach(name -> text.append(";-").append(name));
    return text.toString();
  }

  static NamedPeers.@Nullable Key read(String text) {
    String[] parts = text.split(";", -1);
    Optional<Cidr> base = Cidr.parse(parts[0]);
    if (base.isEmpty() && !parts[0].equals("world")) {
      return null;
    }
    SortedSet<String> allowing = new TreeSet<>();
    SortedSet<String> forbidding = new TreeSet<>();
    for (int i = 1; i < parts.length; i++) {
      if (parts[i].length() < 2) {
        return null;
      }
      switch (parts[i].charAt(0)) {
        case '+' -> allowing.add(parts[i].substring(1));
        case '-' -> forbidding.add(parts[i].substring(1));
        default -> {
          return null;
        }
      }
    }
    var key = new NamedPeers.Key(base.orElse(null), allowing, forbidding);
    return key.isEmpty() ? null : key;
  }
}
