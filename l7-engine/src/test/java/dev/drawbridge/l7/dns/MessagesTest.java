package dev.drawbridge.l7.dns;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNAMERecord;
import org.xbill.DNS.Flags;
import org.xbill.DNS.GenericEDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** What is read of questions and answers, and what is not. */
final class MessagesTest {
  private static byte[] question(String name, int type) throws Exception {
    Message message = Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
    message.getHeader().setID(7);
    return message.toWire();
  }

  private static Message answerTo(byte[] question) throws Exception {
    Message asked = new Message(question);
    Message answer = new Message(asked.getHeader().getID());
    answer.getHeader().setFlag(Flags.QR);
    answer.addRecord(asked.getQuestion(), Section.QUESTION);
    return answer;
  }

  private static ARecord address(String name, long seconds, String address) throws Exception {
    return new ARecord(Name.fromString(name), DClass.IN, seconds, InetAddress.getByName(address));
  }

  @Test
  void aQuestionKeepsItsNameLetterByLetterAndItsNumberIsOurs() throws Exception {
    Query query = Query.read(question("wWw.Example.COM.", Type.A));
    assertEquals("www.example.com", query.name().print());
    assertEquals("wWw.Example.COM", query.about().name());
    assertEquals("A", query.type());
    assertEquals(7, query.id());
    Message sent = new Message(query.wire(4711));
    assertEquals(4711, sent.getHeader().getID());
    assertEquals("wWw.Example.COM.", sent.getQuestion().getName().toString());
  }

  @Test
  void whatIsNoQuestionOfOneNameIsRefused() throws Exception {
    byte[] good = question("www.example.com.", Type.A);
    byte[] answer = good.clone();
    answer[2] |= (byte) 0x80;
    assertEquals(-1, assertThrows(Unreadable.class, () -> Query.read(answer)).rcode());
    byte[] two = good.clone();
    two[5] = 2;
    assertEquals(Rcode.FORMERR, assertThrows(Unreadable.class, () -> Query.read(two)).rcode());
    byte[] update = good.clone();
    update[2] = 0x28;
    assertThrows(Unreadable.class, () -> Query.read(update));
    byte[] zone = question("example.com.", Type.AXFR);
    assertEquals(Rcode.NOTIMP, assertThrows(Unreadable.class, () -> Query.read(zone)).rcode());
    byte[] loop = Arrays.copyOf(good, good.length);
    loop[12] = (byte) 0xc0;
    loop[13] = 12;
    assertThrows(Unreadable.class, () -> Query.read(loop));
    for (int length = 0; length < good.length; length++) {
      byte[] cut = Arrays.copyOf(good, length);
      assertThrows(Unreadable.class, () -> Query.read(cut));
    }
  }

  @Test
  void whatAnswersAnotherQuestionIsNoAnswer() throws Exception {
    Query asked = Query.read(question("www.example.com.", Type.A));
    Query query = Query.read(question("www.example.com.", Type.A));
    byte[] right = answerTo(query.wire(9)).toWire();
    assertEquals("NOERROR", Answer.read(right, asked, 512).about().rcode());
    byte[] other = answerTo(question("WWW.example.com.", Type.A)).toWire();
    assertThrows(Unreadable.class, () -> Answer.read(other, asked, 512));
    byte[] type = answerTo(question("www.example.com.", Type.AAAA)).toWire();
    assertThrows(Unreadable.class, () -> Answer.read(type, asked, 512));
  }

  @Test
  void anAnswerLeadsOverAliasesAndLosesWhatWasNotAskedFor() throws Exception {
    byte[] bytes = question("www.example.com.", Type.A);
    Message answer = answerTo(bytes);
    answer.addRecord(
        new CNAMERecord(
            Name.fromString("www.example.com."),
            DClass.IN,
            30,
            Name.fromString("cdn.example.net.")),
        Section.ANSWER);
    answer.addRecord(address("cdn.example.net.", 600, "192.0.2.1"), Section.ANSWER);
    answer.addRecord(address("bank.example.org.", 600, "192.0.2.66"), Section.ANSWER);
    Answer read = Answer.read(answer.toWire(), Query.read(bytes), 512);
    assertEquals(List.of("www.example.com", "cdn.example.net"), read.names());
    assertEquals(1, read.addresses().size());
    assertEquals(30, read.addresses().getFirst().seconds());
    assertEquals("192.0.2.1", read.addresses().getFirst().address().getHostAddress());
    Message passed = new Message(read.wire(7));
    assertEquals(2, passed.getSection(Section.ANSWER).size());
  }

  @Test
  void aCircleOfAliasesEnds() throws Exception {
    byte[] bytes = question("a.example.", Type.A);
    Message answer = answerTo(bytes);
    Name one = Name.fromString("a.example.");
    Name two = Name.fromString("b.example.");
    answer.addRecord(new CNAMERecord(one, DClass.IN, 30, two), Section.ANSWER);
    answer.addRecord(new CNAMERecord(two, DClass.IN, 30, one), Section.ANSWER);
    assertEquals(
        List.of("a.example", "b.example"),
        Answer.read(answer.toWire(), Query.read(bytes), 512).names());
  }

  @Test
  void noBytesEndTheReader() throws Exception {
    Random random = new Random(13);
    byte[] good = question("www.example.com.", Type.A);
    Query query = Query.read(good);
    Message full = answerTo(good);
    full.addRecord(address("www.example.com.", 600, "192.0.2.1"), Section.ANSWER);
    byte[] answer = full.toWire();
    for (int round = 0; round < 20_000; round++) {
      byte[] broken = (round % 2 == 0 ? good : answer).clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        broken[random.nextInt(broken.length)] = (byte) random.nextInt();
      }
      try {
        Query.read(broken);
      } catch (Unreadable _) {
        // As it should.
      }
      try {
        Answer.read(broken, query, 512);
      } catch (Unreadable _) {
        // As it should.
      }
    }
  }

  @Test
  void everyAddressThatIsPassedOnIsLearned() throws Exception {
    Random random = new Random(19);
    byte[] bytes = question("n0.example.", Type.A);
    for (int round = 0; round < 500; round++) {
      Message answer = answerTo(bytes);
      for (int i = random.nextInt(300); i >= 0; i--) {
        Name owner = Name.fromString("n" + random.nextInt(6) + ".example.");
        Name target = Name.fromString("n" + random.nextInt(6) + ".example.");
        answer.addRecord(
            switch (random.nextInt(8)) {
              case 0 -> new CNAMERecord(owner, DClass.IN, random.nextInt(100), target);
              case 1 -> new DNAMERecord(Name.fromString("example."), DClass.IN, 5, target);
              case 2 ->
                  new AAAARecord(owner, DClass.IN, 9, InetAddress.getByAddress(octets(random, 16)));
              default ->
                  new ARecord(owner, DClass.IN, 9, InetAddress.getByAddress(octets(random, 4)));
            },
            Section.ANSWER);
      }
      Answer read = Answer.read(answer.toWire(), Query.read(bytes), 0xffff);
      Set<InetAddress> learned = new HashSet<>();
      read.addresses().forEach(address -> learned.add(address.address()));
      assertTrue(read.addresses().size() <= DnsLimits.ADDRESSES);
      for (Record record : new Message(read.wire(7)).getSection(Section.ANSWER)) {
        switch (record) {
          case ARecord a -> assertTrue(learned.contains(a.getAddress()), a.toString());
          case AAAARecord a -> assertTrue(learned.contains(a.getAddress()), a.toString());
          default -> {
            // Leads on, or nowhere.
          }
        }
      }
    }
  }

  @Test
  void theSameQuestionAgainHasItsOwnNumberAndOnlyItsOwnAnswer() throws Exception {
    byte[] bytes = question("www.example.com.", Type.A);
    Query first = Query.read(bytes);
    byte[] later = Query.numbered(bytes, 0xfedc);
    Query again = first.again(later);
    assertEquals(0xfedc, again.id());
    assertEquals(0xfedc, new Message(again.answer(Rcode.REFUSED)).getHeader().getID());
    assertEquals(7, first.id());
    Answer answer = Answer.read(answerTo(bytes).toWire(), first, 512);
    assertTrue(answer.answers(again));
    assertFalse(answer.answers(Query.read(question("WWW.example.com.", Type.A))));
    assertEquals(0xfedc, new Message(answer.wire(again.id())).getHeader().getID());
    assertEquals(7, new Message(answer.wire(first.id())).getHeader().getID());
  }

  @Test
  void whatWasReadLatelyIsFoundByAllItsBytesButItsNumber() throws Exception {
    Lately<String> lately = new Lately<>();
    byte[] bytes = question("www.example.com.", Type.A);
    lately.was(bytes, "www", 3);
    assertEquals("www", lately.read(Query.numbered(bytes, 0x1234)));
    for (int at = 2; at < bytes.length; at++) {
      byte[] other = bytes.clone();
      other[at] ^= 1;
      assertNull(lately.read(other), "another octet at " + at);
      assertNull(lately.read(Arrays.copyOf(bytes, at)), "cut at " + at);
    }
    assertNull(lately.read(Arrays.copyOf(bytes, bytes.length + 1)));
    assertNull(lately.read(new byte[0]));
  }

  @Test
  void ofWhatWasReadLatelySoMuchIsKept() throws Exception {
    Lately<Integer> lately = new Lately<>();
    lately.was(new byte[Lately.MOST_BYTES + 1], 0, 1);
    lately.was(new byte[Lately.MOST_BYTES], 0, 25);
    assertEquals(0, lately.size());
    for (int i = 0; i < 1000; i++) {
      lately.was(question("n" + i + ".example.", Type.A), i, 2);
    }
    assertEquals(256, lately.size());
    assertEquals(999, lately.read(question("n999.example.", Type.A)));
    assertNull(lately.read(question("n0.example.", Type.A)));
  }

  /** Pointers make many long names of few bytes, and padding a long question of a short name. */
  @Test
  void whatIsHeavyForItsLengthIsToldByItsLabels() throws Exception {
    String owner = "a.".repeat(50) + "example.";
    byte[] bytes = question(owner, Type.A);
    Query asked = Query.read(bytes);
    Message chain = answerTo(bytes);
    Name from = Name.fromString(owner);
    for (int i = 0; i < 5; i++) {
      Name to = new Name("b" + i, Name.fromString(owner));
      chain.addRecord(new CNAMERecord(from, DClass.IN, 9, to), Section.ANSWER);
      from = to;
    }
    byte[] wire = chain.toWire();
    assertTrue(wire.length <= Lately.MOST_BYTES, wire.length + " bytes");
    assertEquals(51 + 5 * 52, Answer.read(wire, asked, 512).labels());
    assertTrue(asked.isKept());

    Message padded = new Message(question("n.example.", Type.A));
    padded.addRecord(
        new OPTRecord(1232, 0, 0, 0, new GenericEDNSOption(12, new byte[400])), Section.ADDITIONAL);
    assertFalse(Query.read(padded.toWire()).isKept());
  }

  private static byte[] octets(Random random, int count) {
    byte[] octets = new byte[count];
    random.nextBytes(octets);
    return octets;
  }
}
