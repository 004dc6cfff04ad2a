package dev.drawbridge.l7;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Datagrams that the kernel has sent to the engine. Does not model: the kernel. */
final class DatagramsTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  private static byte[] question(String name) throws Exception {
    Message message = Message.newQuery(Record.newRecord(Name.fromString(name), Type.A, DClass.IN));
    message.getHeader().setID(7);
    return message.toWire();
  }

  private static byte[] exchange(DatagramSocket client, int port, byte[] bytes) throws Exception {
    client.send(new DatagramPacket(bytes, bytes.length, LOOPBACK, port));
    DatagramPacket packet = new DatagramPacket(new byte[4096], 4096);
    client.receive(packet);
    return Arrays.copyOf(packet.getData(), packet.getLength());
  }

  @Test
  void aQuestionIsAskedOfWhomItWasSentToAndAnsweredFromThere() throws Exception {
    try (DatagramSocket resolver = new DatagramSocket(0, LOOPBACK);
        DatagramSocket client = new DatagramSocket(0, LOOPBACK);
        Scene scene = new Scene(new InetSocketAddress(LOOPBACK, 1))) {
      client.setSoTimeout(10_000);
      resolver.setSoTimeout(10_000);
      InetSocketAddress asked = (InetSocketAddress) resolver.getLocalSocketAddress();
      List<EngineListener.DatagramSocket> sockets =
          scene.listener.datagrams(
              1, (_, _) -> Optional.of(new ConnectionOrigin(Scene.API, 2, asked, false)));
      assertTrue(sockets.getFirst().fd() >= 0);
      int port = portOf(sockets.getFirst().fd());
      Thread.ofVirtual().start(() -> answerOne(resolver, 1));
      Message answer = new Message(exchange(client, port, question("www.example.com.")));
      assertEquals(7, answer.getHeader().getID());
      assertEquals(1, answer.getSection(Section.ANSWER).size());
      byte[] broken = question("www.example.com.");
      broken[5] = 2;
      assertEquals(Rcode.FORMERR, new Message(exchange(client, port, broken)).getRcode());
      resolver.setSoTimeout(300);
      assertThrows(
          SocketTimeoutException.class,
          () -> resolver.receive(new DatagramPacket(new byte[512], 512)),
          "what cannot be read goes to nobody");
    }
  }

  /** What was read before is not read again: it is asked, judged and numbered again. */
  @Test
  void theSameQuestionAgainIsAskedAgainAndHasItsOwnAnswer() throws Exception {
    try (DatagramSocket resolver = new DatagramSocket(0, LOOPBACK);
        DatagramSocket client = new DatagramSocket(0, LOOPBACK);
        Scene scene = new Scene(new InetSocketAddress(LOOPBACK, 1))) {
      client.setSoTimeout(10_000);
      resolver.setSoTimeout(10_000);
      InetSocketAddress asked = (InetSocketAddress) resolver.getLocalSocketAddress();
      int port =
          portOf(
              scene
                  .listener
                  .datagrams(
                      1, (_, _) -> Optional.of(new ConnectionOrigin(Scene.API, 2, asked, false)))
                  .getFirst()
                  .fd());
      for (int number = 1; number <= 3; number++) {
        int last = number;
        Thread.ofVirtual().start(() -> answerOne(resolver, last));
        byte[] question = question("www.example.com.");
        question[1] = (byte) number;
        Message answer = new Message(exchange(client, port, question));
        assertEquals(number, answer.getHeader().getID());
        assertEquals("www.example.com.", answer.getQuestion().getName().toString());
        ARecord only = (ARecord) answer.getSection(Section.ANSWER).getFirst();
        assertEquals("192.0.2." + number, only.getAddress().getHostAddress(), "its own answer");
      }
    }
  }

  private static int portOf(int fd) throws Exception {
    // Which socket it is, by its inode: the JDK has no way to ask a number.
    String link =
        java.nio.file.Files.readSymbolicLink(java.nio.file.Path.of("/proc/self/fd/" + fd)) + "";
    String inode = link.replaceAll("\\D", "");
    for (String file : List.of("/proc/self/net/udp", "/proc/self/net/udp6")) {
      for (String line : java.nio.file.Files.readAllLines(java.nio.file.Path.of(file))) {
        String[] fields = line.strip().split("\\s+", -1);
        if (fields.length > 9 && fields[9].equals(inode)) {
          return Integer.parseInt(fields[1].substring(fields[1].indexOf(':') + 1), 16);
        }
      }
    }
    throw new AssertionError("no datagram socket " + link);
  }

  private static void answerOne(DatagramSocket resolver, int last) {
    try {
      DatagramPacket packet = new DatagramPacket(new byte[4096], 4096);
      resolver.receive(packet);
      Message query = new Message(Arrays.copyOf(packet.getData(), packet.getLength()));
      Message answer = new Message(query.getHeader().getID());
      answer.getHeader().setFlag(Flags.QR);
      answer.addRecord(query.getQuestion(), Section.QUESTION);
      answer.addRecord(
          new ARecord(
              query.getQuestion().getName(),
              DClass.IN,
              60,
              InetAddress.getByName("192.0.2." + last)),
          Section.ANSWER);
      byte[] bytes = answer.toWire();
      resolver.send(new DatagramPacket(bytes, bytes.length, packet.getSocketAddress()));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aTinyProtocolOfDatagramsGetsWhereTheyWereSent() throws Exception {
    try (DatagramSocket client = new DatagramSocket(0, LOOPBACK);
        Scene scene = new Scene(new InetSocketAddress(LOOPBACK, 1))) {
      client.setSoTimeout(10_000);
      scene.engine.datagramEngine(EchoEngine::new);
      InetSocketAddress sent = new InetSocketAddress("192.0.2.9", 4711);
      int port =
          portOf(
              scene
                  .listener
                  .datagrams(
                      2,
                      (slot, _) ->
                          Optional.of(new ConnectionOrigin(Scene.API, Scene.DB, sent, slot == 1)))
                  .getFirst()
                  .fd());
      assertArrayEquals(
          "hello to /192.0.2.9:4711".getBytes(java.nio.charset.StandardCharsets.UTF_8),
          exchange(client, port, "hello".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    }
  }
}
