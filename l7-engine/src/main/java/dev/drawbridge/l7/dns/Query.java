package dev.drawbridge.l7.dns;

import dev.drawbridge.policy.language.DnsName;
import java.io.IOException;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** One question of a client's: RFC 1035 section 4.1. */
final class Query {
  static final int HEADER = 12;

  /** What every client takes by datagram. */
  private static final int LEAST_DATAGRAM = 512;

  /** The highest bit of the flags: an answer. */
  private static final int QR = 0x80;

  /** OPT, and a signature of the transaction. */
  private static final int MOST_ADDITIONAL = 2;

  private final Said said;
  private final int id;

  /** What a question says, whatever its number. */
  private static final class Said {
    final Record question;
    final DnsName name;

    /** Whether the resolver is to ask others: RD. */
    final boolean wanted;

    /** Bytes that the client takes by datagram. */
    final int room;

    /** As it goes to the resolver, but for its number. */
    final byte[] wire;

    /** What records say of it. */
    final AskedDns about;

    Said(Message message, Record question) {
      String written = question.getName().toString(true);
      this.question = question;
      this.name = DnsName.of(written);
      this.wanted = message.getHeader().getFlag(Flags.RD);
      // It may change what the client is said to take.
      this.room = room(message);
      this.wire = message.toWire();
      this.about = AskedDns.of(written, Type.string(question.getType()));
    }
  }

  private Query(Said said, int id) {
    this.said = said;
    this.id = id;
  }

  /**
   * Reads a message.
   *
   * @throws Unreadable if it is no question of one name that every resolver would read alike
   */
  static Query read(byte[] bytes) throws Unreadable {
    if (bytes.length < HEADER || (bytes[2] & QR) != 0) {
      // Nobody answers an answer, or what has no number to be answered by.
      throw new Unreadable("no question", -1);
    }
    if (bytes.length > DnsLimits.QUESTION
        || count(bytes, 0) != 1
        || count(bytes, 1) != 0
        || count(bytes, 2) != 0
        || count(bytes, 3) > MOST_ADDITIONAL) {
      throw new Unreadable("more or less than one question", Rcode.FORMERR);
    }
    Message message;
    try {
      message = new Message(bytes);
    } catch (IOException | RuntimeException _) {
      throw new Unreadable("what no message may be", Rcode.FORMERR);
    }
    Header header = message.getHeader();
    Record question = message.getQuestion();
    if (header.getOpcode() != Opcode.QUERY) {
      throw new Unreadable("no query", Rcode.NOTIMP);
    }
    if (question == null || header.getFlag(Flags.TC)) {
      throw new Unreadable("a part of a question", Rcode.FORMERR);
    }
    if (question.getType() == Type.AXFR
        || question.getType() == Type.IXFR
        || question.getDClass() != DClass.IN) {
      throw new Unreadable(
          "what is answered by more than one message, or is of no internet", Rcode.NOTIMP);
    }
    try {
      return new Query(new Said(message, question), header.getID());
    } catch (RuntimeException _) {
      throw new Unreadable("what cannot be written again", Rcode.FORMERR);
    }
  }

  /** The same question, asked by a message with that number. */
  Query again(byte[] bytes) {
    return new Query(said, (bytes[0] & 0xff) << 8 | (bytes[1] & 0xff));
  }

  /** Whether the other says the same, having been read only once. */
  boolean isAgain(Query other) {
    return said == other.said;
  }

  /** Whether it is short enough that the same is found again. */
  boolean isKept() {
    return said.wire.length <= Lately.MOST_BYTES;
  }

  private static int count(byte[] bytes, int section) {
    int at = 4 + 2 * section;
    return (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
  }

  private static int room(Message message) {
    OPTRecord opt = message.getOPT();
    if (opt == null) {
      return LEAST_DATAGRAM;
    }
    if (opt.getPayloadSize() > DnsLimits.DATAGRAM) {
      message.removeRecord(opt, Section.ADDITIONAL);
      message.addRecord(
          new OPTRecord(
              DnsLimits.DATAGRAM,
              opt.getExtendedRcode(),
              opt.getVersion(),
              opt.getFlags(),
              opt.getOptions()),
          Section.ADDITIONAL);
    }
    return Math.clamp(opt.getPayloadSize(), LEAST_DATAGRAM, DnsLimits.DATAGRAM);
  }

  /** The client's number of it. */
  int id() {
    return id;
  }

  Record question() {
    return said.question;
  }

  DnsName name() {
    return said.name;
  }

  /** Such as {@code AAAA}. */
  String type() {
    return said.about.type();
  }

  /** Bytes that the client takes by datagram. */
  int room() {
    return said.room;
  }

  /** As records have it before it is answered. */
  AskedDns about() {
    return said.about;
  }

  /** What goes to the resolver, encoded from what was read. */
  byte[] wire(int number) {
    return numbered(said.wire, number);
  }

  /** A copy of a message with another number. */
  static byte[] numbered(byte[] message, int number) {
    byte[] copy = message.clone();
    copy[0] = (byte) (number >> 8);
    copy[1] = (byte) number;
    return copy;
  }

  /** An answer of the engine's own. */
  byte[] answer(int rcode) {
    Message answer = new Message(id);
    Header header = answer.getHeader();
    header.setFlag(Flags.QR);
    header.setFlag(Flags.RA);
    if (said.wanted) {
      header.setFlag(Flags.RD);
    }
    header.setRcode(rcode);
    answer.addRecord(said.question, Section.QUESTION);
    return answer.toWire();
  }

  /** An answer to what could not be read: its number and the code. */
  static byte[] answer(byte[] bytes, int rcode) {
    Message answer = new Message((bytes[0] & 0xff) << 8 | (bytes[1] & 0xff));
    answer.getHeader().setFlag(Flags.QR);
    answer.getHeader().setRcode(rcode);
    return answer.toWire();
  }
}
