package dev.drawbridge.testkit;

import dev.drawbridge.bpf.linux.NetworkNamespace;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * An authority for every name, at port 53 of one address, that says what it is told. Does not
 * model: caches, delegation.
 */
public final class NameServer implements AutoCloseable {
  /**
   * What a name has.
   *
   * @param alias another name; empty for none
   */
  public record Entry(long seconds, String alias, Supplier<List<String>> addresses) {}

  public final Map<String, Entry> names = new ConcurrentHashMap<>();

  /** Names that were asked for, in lower case, each as often as it was. */
  public final ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();

  private final DatagramSocket datagrams;
  private final ServerSocket streams;

  /**
   * Answers at port 53 of that address.
   *
   * @param inside the namespace that has it
   */
  public NameServer(NetworkNamespace inside, InetAddress at) throws Exception {
    datagrams = inside.call(() -> new DatagramSocket(53, at));
    streams = inside.call(() -> new ServerSocket(53, 50, at));
    Thread.ofVirtual().start(this::datagrams);
    Thread.ofVirtual().start(this::streams);
  }

  /** From now on the name has these addresses. */
  public void says(String name, long seconds, String... addresses) {
    List<String> all = List.of(addresses);
    turns(name, seconds, () -> all);
  }

  /** From now on each question for an address of the name is answered with what is next. */
  public void turns(String name, long seconds, Supplier<List<String>> addresses) {
    names.put(name, new Entry(seconds, "", addresses));
  }

  /** From now on the name leads over another to these. */
  public void leads(String name, String alias, long seconds, String... addresses) {
    List<String> all = List.of(addresses);
    names.put(name, new Entry(seconds, alias, () -> all));
  }

  private void datagrams() {
    byte[] room = new byte[4096];
    while (!datagrams.isClosed()) {
      try {
        DatagramPacket packet = new DatagramPacket(room, room.length);
        datagrams.receive(packet);
        byte[] answer = datagram(Arrays.copyOf(room, packet.getLength()));
        datagrams.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
      } catch (IOException _) {
        // Closed, or no message.
      }
    }
  }

  private void streams() {
    while (!streams.isClosed()) {
      try {
        Socket client = streams.accept();
        Thread.ofVirtual().start(() -> stream(client));
      } catch (IOException _) {
        // Closed.
      }
    }
  }

  private void stream(Socket client) {
    try (client) {
      DataInputStream in = new DataInputStream(client.getInputStream());
      DataOutputStream out = new DataOutputStream(client.getOutputStream());
      while (true) {
        byte[] answer = answer(new Message(in.readNBytes(in.readUnsignedShort()))).toWire();
        out.writeShort(answer.length);
        out.write(answer);
        out.flush();
      }
    } catch (IOException _) {
      // The client has said all it will say.
    }
  }

  /** Cut where the client takes no more. */
  private byte[] datagram(byte[] bytes) throws IOException {
    Message query = new Message(bytes);
    OPTRecord opt = query.getOPT();
    return answer(query).toWire(opt == null ? 512 : opt.getPayloadSize());
  }

  private Message answer(Message query) throws IOException {
    Record question = query.getQuestion();
    String name = question.getName().toString(true).toLowerCase(Locale.ROOT);
    asked.add(name);
    Message answer = new Message(query.getHeader().getID());
    answer.getHeader().setFlag(Flags.QR);
    answer.getHeader().setFlag(Flags.AA);
    answer.addRecord(question, Section.QUESTION);
    Name owner = question.getName();
    Entry entry = names.get(name);
    if (entry == null) {
      answer.getHeader().setRcode(Rcode.NXDOMAIN);
      return answer;
    }
    if (!entry.alias.isEmpty()) {
      Name alias = Name.fromString(entry.alias + ".");
      answer.addRecord(new CNAMERecord(owner, DClass.IN, entry.seconds, alias), Section.ANSWER);
      owner = alias;
    }
    if (question.getType() == Type.A) {
      for (String address : entry.addresses.get()) {
        answer.addRecord(
            new ARecord(owner, DClass.IN, entry.seconds, InetAddress.getByName(address)),
            Section.ANSWER);
      }
    }
    return answer;
  }

  @Override
  public void close() throws IOException {
    datagrams.close();
    streams.close();
  }
}
