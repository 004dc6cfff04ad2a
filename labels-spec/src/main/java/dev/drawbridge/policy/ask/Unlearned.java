package dev.drawbridge.policy.ask;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.Direction;
import dev.drawbridge.policy.Policy;
import dev.drawbridge.policy.compile.Side;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.read.RuleCode;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/** What names might make of an address, where nobody can say what its caller has learned. */
final class Unlearned {
  /** What hardly a pattern of another rule fits. */
  private static final String ANY = "0-any-0";

  /** Outside, and in none of the ranges into which names must not lead. */
  static final Cidr SOMEWHERE = Cidr.parse("1.1.1.1/32").orElseThrow();

  private Unlearned() {}

  /**
   * Who an address is to a caller that knows it by such a name.
   *
   * @param name an object of the caller's rules, as it is written
   */
  record Might(String name, int peer) {}

  /**
   * One for each name that a rule of the caller's is about, and that may lead there. Numbers are
   * given for them: not of a policy that is in force.
   *
   * @param base who has the address by its number alone
   */
  static List<Might> of(Policy policy, int caller, int base, Cidr address) {
    Side side = policy.sideOf(caller, base, Direction.EGRESS);
    if (side == null) {
      return List.of();
    }
    InetAddress single;
    try {
      single = InetAddress.getByAddress(address.address());
    } catch (UnknownHostException e) {
      throw new IllegalStateException(address + " is no address", e);
    }
    List<Might> all = new ArrayList<>();
    for (RuleCode rule : side.rules) {
      Party.Name object = rule.names();
      if (object != null) {
        int peer = policy.named(caller, base, single, List.of(fitting(object)));
        if (peer != base) {
          all.add(new Might(object.print(), peer));
        }
      }
    }
    return all;
  }

  private static String fitting(Party.Name object) {
    return object.pattern().print().replace("**", ANY).replace("*", ANY);
  }
}
