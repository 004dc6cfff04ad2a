package dev.drawbridge.policy.compile;

import dev.drawbridge.policy.Cidr;
import dev.drawbridge.policy.language.DnsName;
import dev.drawbridge.policy.language.NamePattern;
import dev.drawbridge.policy.language.Party;
import dev.drawbridge.policy.read.RuleCode;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * An address and the names under which somebody learned it: what name objects are about it.
 *
 * @param names the one that was asked, and those that its answer leads over
 */
public record NamedAddress(Cidr single, List<DnsName> names) {
  /** RFC 6052: an IPv4 address is in the last four bytes. */
  private static final Cidr NAT64 = Cidr.parse("64:ff9b::/96").orElseThrow();

  public static NamedAddress of(InetAddress address, Collection<String> names) {
    return new NamedAddress(Cidr.single(address), names.stream().map(DnsName::of).toList());
  }

  /**
   * Whether only somebody on the inside can reach it: private, of the link, of the host itself, or
   * nobody's; also where it is wrapped into another.
   */
  public boolean isInside() {
    return !Networks.belongs(unwrapped(), Party.Zone.INTERNET);
  }

  private Cidr unwrapped() {
    if (!NAT64.contains(single)) {
      return single;
    }
    byte[] bytes = single.address();
    byte[] mapped = new byte[16];
    mapped[10] = (byte) 0xff;
    mapped[11] = (byte) 0xff;
    System.arraycopy(Arrays.copyOfRange(bytes, 12, 16), 0, mapped, 12, 4);
    return Cidr.of(mapped, 128);
  }

  /**
   * Whether a rule with that object is about it. Whoever owns a name says where it leads: a name of
   * the outside leads to the inside only where the rule says so.
   */
  boolean isMeant(Party.Name object, boolean allows) {
    for (DnsName name : names) {
      NamePattern pattern = object.pattern();
      if ((allows ? pattern.allows(name) : pattern.forbids(name)) && lies(object, name, allows)) {
        return true;
      }
    }
    return false;
  }

  /** Whether the rule allows something else than to be resolved, and has a name for it. */
  public boolean isMeantBy(RuleCode rule) {
    Party.Name name = rule.names();
    return name != null && !rule.resolves() && isMeant(name, rule.allows);
  }

  private boolean lies(Party.Name object, DnsName name, boolean allows) {
    if (object.within().isEmpty()) {
      return !allows || !isInside() || (name.isInside() && haveOneSide());
    }
    for (Party part : object.within()) {
      if (Networks.belongs(single, part)) {
        return true;
      }
    }
    return false;
  }

  /** A name of the outside that leads over one of the inside is the outside's. */
  public boolean haveOneSide() {
    return names.stream().allMatch(DnsName::isInside);
  }

  /** The objects of these rules that are about it; null for none. */
  public NamedPeers.@Nullable Key key(@Nullable Cidr base, List<RuleCode> rules) {
    var allowing = new TreeSet<String>();
    var forbidding = new TreeSet<String>();
    for (RuleCode rule : rules) {
      Party.Name name = rule.names();
      if (name != null && isMeant(name, rule.allows)) {
        (rule.allows ? allowing : forbidding).add(name.print());
      }
    }
    var key = new NamedPeers.Key(base, allowing, forbidding);
    return key.isEmpty() ? null : key;
  }
}
