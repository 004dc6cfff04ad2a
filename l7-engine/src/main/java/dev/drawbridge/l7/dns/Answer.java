package dev.drawbridge.l7.dns;

import dev.drawbridge.l7.LearnedNames;
import dev.drawbridge.policy.language.DnsName;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNAMERecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.SVCBBase;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** A resolver's answer to one question, without what was not asked for. */
final class Answer {
  private static final int QR = 0x80;

  private final Query asked;
  private final List<String> names;
  private final List<DnsName> aliases;
  private final List<LearnedNames.Address> addresses;
  private final byte[] wire;
  private final AskedDns about;

  private Answer(
      Query asked,
      List<String> names,
      List<LearnedNames.Address> addresses,
      Message message,
      int room) {
    this.asked = asked;
    this.names = List.copyOf(names);
    this.aliases = aliases().stream().map(DnsName::of).toList();
    this.addresses = List.copyOf(addresses);
    this.wire = message.toWire(room);
    this.about = asked.about().answered(message.getRcode(), aliases(), addresses);
  }

  private List<String> aliases() {
    return names.subList(1, names.size());
  }

  /** Whether it was read as an answer to that question. */
  boolean answers(Query query) {
    return asked.isAgain(query);
  }

  /** The number of a message that may be an answer; -1 if it is none. */
  static int id(byte[] bytes) {
    return bytes.length < Query.HEADER || (bytes[2] & QR) == 0
        ? -1
        : (bytes[0] & 0xff) << 8 | (bytes[1] & 0xff);
  }

  /**
   * Reads a message whose number is right.
   *
   * @param room bytes that the client takes
   * @throws Unreadable if it does not answer that question, letter by letter as it was asked
   */
  static Answer read(byte[] bytes, Query asked, int room) throws Unreadable {
    if (((bytes[4] & 0xff) << 8 | (bytes[5] & 0xff)) != 1) {
      throw new Unreadable("an answer to more or less than one question", -1);
    }
    Message message;
    try {
      message = new Message(bytes);
    } catch (IOException | RuntimeException _) {
      throw new Unreadable("what no message may be", -1);
    }
    Record question = message.getQuestion();
    if (question == null
        || message.getHeader().getOpcode() != Opcode.QUERY
        || question.getType() != asked.question().getType()
        || question.getDClass() != asked.question().getDClass()
        || !question.getName().toString().equals(asked.question().getName().toString())) {
      throw new Unreadable("an answer to another question", -1);
    }
    try {
      return of(message, asked, room);
    } catch (RuntimeException _) {
      throw new Unreadable("what cannot be written again", -1);
    }
  }

  private static Answer of(Message message, Query asked, int room) {
    List<Record> all = List.copyOf(message.getSection(Section.ANSWER));
    List<Name> chain = new ArrayList<>(List.of(asked.question().getName()));
    Set<Name> reached = new HashSet<>(chain);
    long seconds = Long.MAX_VALUE;
    // Whoever writes a chain in order is followed at once; in the worst order once for each name.
    for (int i = 0; i < chain.size() && chain.size() <= DnsLimits.ALIASES; i++) {
      for (Record record : all) {
        Name next = next(record, chain.get(i));
        if (next != null && chain.size() <= DnsLimits.ALIASES && reached.add(next)) {
          chain.add(next);
          seconds = Math.min(seconds, record.getTTL());
        }
      }
    }
    List<LearnedNames.Address> addresses = new ArrayList<>();
    message.removeAllRecords(Section.ANSWER);
    for (Record record : all) {
      if (!belongs(record, reached)) {
        continue;
      }
      if (record.getDClass() == DClass.IN && reached.contains(record.getName())) {
        List<InetAddress> more = addresses(record);
        if (addresses.size() + more.size() > DnsLimits.ADDRESSES) {
          // Nobody learns them, so nobody is to try them.
          continue;
        }
        for (InetAddress address : more) {
          addresses.add(new LearnedNames.Address(address, Math.min(seconds, record.getTTL())));
        }
      }
      message.addRecord(record, Section.ANSWER);
    }
    return new Answer(
        asked, chain.stream().map(name -> name.toString(true)).toList(), addresses, message, room);
  }

  /** Where a record leads from that name; null: nowhere. */
  private static @org.jspecify.annotations.Nullable Name next(Record record, Name from) {
    if (record instanceof CNAMERecord alias && alias.getName().equals(from)) {
      return alias.getTarget();
    }
    if (record instanceof DNAMERecord alias
        && from.subdomain(alias.getName())
        && !from.equals(alias.getName())) {
      try {
        return from.fromDNAME(alias);
      } catch (NameTooLongException _) {
        return null;
      }
    }
    return null;
  }

  private static boolean belongs(Record record, Set<Name> reached) {
    if (reached.contains(record.getName())) {
      return true;
    }
    boolean redirects =
        record instanceof DNAMERecord
            || (record instanceof RRSIGRecord signature
                && signature.getTypeCovered() == Type.DNAME);
    return redirects && reached.stream().anyMatch(name -> name.subdomain(record.getName()));
  }

  private static List<InetAddress> addresses(Record record) {
    return switch (record) {
      case ARecord a -> List.of(a.getAddress());
      case AAAARecord aaaa -> List.of(aaaa.getAddress());
      case SVCBBase service -> hints(service);
      default -> List.of();
    };
  }

  /** RFC 9460 section 7.3. */
  private static List<InetAddress> hints(SVCBBase service) {
    List<InetAddress> hints = new ArrayList<>();
    try {
      if (service.getSvcParamValue(SVCBBase.IPV4HINT) instanceof SVCBBase.ParameterIpv4Hint hint) {
        hints.addAll(hint.getAddresses());
      }
      if (service.getSvcParamValue(SVCBBase.IPV6HINT) instanceof SVCBBase.ParameterIpv6Hint hint) {
        hints.addAll(hint.getAddresses());
      }
    } catch (UnknownHostException _) {
      // Lengths that no address has: what was read until then counts.
    }
    return hints;
  }

  /** The name that was asked for, and those it leads to. */
  List<String> names() {
    return names;
  }

  List<LearnedNames.Address> addresses() {
    return addresses;
  }

  /** What the name that was asked for leads to. */
  List<DnsName> leadsTo() {
    return aliases;
  }

  /** What it takes of memory, mostly: labels of its names, and its addresses. */
  int labels() {
    int labels = asked.name().labels().size() + addresses.size();
    for (DnsName alias : aliases) {
      labels += alias.labels().size();
    }
    return labels;
  }

  /** As records have it. */
  AskedDns about() {
    return about;
  }

  /** What goes to the client, encoded from what was read; with TC if there is not room for all. */
  byte[] wire(int number) {
    return Query.numbered(wire, number);
  }
}
