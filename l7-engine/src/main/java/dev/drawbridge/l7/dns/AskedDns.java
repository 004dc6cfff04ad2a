package dev.drawbridge.l7.dns;

import dev.drawbridge.l7.Asked;
import dev.drawbridge.l7.LearnedNames;
import dev.drawbridge.l7.relay.Recorded;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.xbill.DNS.Rcode;

/**
 * One question for a name.
 *
 * @param name in the case in which it was asked for; empty if it could not be read
 * @param type such as {@code A}
 * @param rcode of the answer that the client got, such as {@code NXDOMAIN}; empty if it got none
 * @param aliases names that the answer led to
 * @param addresses in the answer
 */
public record AskedDns(
    String name, String type, String rcode, List<String> aliases, List<String> addresses)
    implements Asked.Spoken {
  /** A message that could not be read. */
  static final AskedDns UNREAD = new AskedDns("", "", "", List.of(), List.of());

  public AskedDns {
    aliases = List.copyOf(aliases);
    addresses = List.copyOf(addresses);
  }

  static AskedDns of(String name, String type) {
    return new AskedDns(Recorded.text(name), type, "", List.of(), List.of());
  }

  AskedDns answered(int code) {
    return new AskedDns(name, type, Rcode.string(code), aliases, addresses);
  }

  AskedDns answered(int code, List<String> leadsTo, List<LearnedNames.Address> found) {
    return new AskedDns(
        name,
        type,
        Rcode.string(code),
        Recorded.list(leadsTo),
        Recorded.list(
            found.stream()
                .map(LearnedNames.Address::address)
                .map(InetAddress::getHostAddress)
                .toList()));
  }

  @Override
  public String protocol() {
    return "dns";
  }

  @Override
  public String text() {
    String asked = ("dns " + type + " " + name).strip();
    return rcode.isEmpty()
        ? asked
        : asked + " " + (addresses.isEmpty() ? rcode : String.join(",", addresses));
  }

  @Override
  public Map<String, Object> fields() {
    return Asked.fields(
        "name", name, "type", type, "rcode", rcode, "aliases", aliases, "addresses", addresses);
  }
}
