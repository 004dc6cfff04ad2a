package dev.drawbridge.policy.dns;

import dev.drawbridge.policy.Ports;
import dev.drawbridge.policy.language.DnsName;
import dev.drawbridge.policy.read.Ask;
import dev.drawbridge.policy.read.Protocol;
import java.util.List;

/**
 * May that name be resolved?
 *
 * @param name as a message has it, in its written form: case and a dot at the end do not matter,
 *     unusual octets are escaped ({@code \046}, {@code \.})
 * @param type of the record, such as {@code AAAA}; rules do not look at it
 * @param aliases names that the answer leads to from there; only may-not rules look at them
 * @param transport IANA's number
 * @param isGiven whether the container was given this resolver by its engine: then it may be asked
 *     without a rule for its port
 */
public record DnsAsk(
    DnsName name, String type, List<DnsName> aliases, int transport, boolean isGiven)
    implements Ask {
  /** The port that resolvers have for people, whichever one they listen on. */
  public static final int PORT = 53;

  public DnsAsk {
    aliases = List.copyOf(aliases);
  }

  /** As a message has them. */
  public DnsAsk(String name, String type, List<String> aliases, int transport, boolean given) {
    this(DnsName.of(name), type, aliases.stream().map(DnsName::of).toList(), transport, given);
  }

  /** A question by UDP. */
  public static DnsAsk of(String name, String type, boolean given) {
    return new DnsAsk(name, type, List.of(), Ports.UDP, given);
  }

  @Override
  public Protocol protocol() {
    return DnsProtocol.DNS;
  }

  @Override
  public List<String> actions() {
    return List.of("resolve " + name.print());
  }
}
