package dev.drawbridge.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Runs in a container and asks for names, one question at a time, by one connected socket, as a C
 * library does. It answers each line {@code RESOLVER MILLIS} on standard input with a line of three
 * numbers: questions a second, the median time to an answer in microseconds, and how many had none
 * within a second. An answer that is not the right one ends it.
 */
final class DnsPeer {
  private static final int PORT = 53;
  private static final int PATIENCE_MILLIS = 1000;
  private static final int MOST_BYTES = 512;

  private final List<byte[]> questions = new ArrayList<>();
  private int number;

  private DnsPeer(int names, String domain) throws IOException {
    for (int i = 0; i < names; i++) {
      Name name = Name.fromString("n" + i + "." + domain + ".");
      questions.add(Message.newQuery(Record.newRecord(name, Type.A, DClass.IN)).toWire());
    }
  }

  /**
   * Answers lines.
   *
   * @param arguments how many names there are, {@code n0} and so on, and the domain that they are
   *     in
   */
  public static void main(String[] arguments) throws IOException {
    DnsPeer peer = new DnsPeer(Integer.parseInt(arguments[0]), arguments[1]);
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      String[] words = line.split(" ", -1);
      System.out.println(peer.ask(words[0], Long.parseLong(words[1])));
    }
  }

  private String ask(String resolver, long millis) throws IOException {
    Sample micros = new Sample();
    int answered = 0;
    int lost = 0;
    long start = System.nanoTime();
    long end = start + millis * 1_000_000;
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(InetAddress.getByName(resolver), PORT);
      socket.setSoTimeout(PATIENCE_MILLIS);
      DatagramPacket answer = new DatagramPacket(new byte[MOST_BYTES], MOST_BYTES);
      for (long began = start; began < end; began = System.nanoTime()) {
        byte[] question = next();
        socket.send(new DatagramPacket(question, question.length));
        if (isAnswered(socket, answer, question)) {
          micros.add((System.nanoTime() - began) / 1e3);
          answered++;
        } else {
          lost++;
        }
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    return String.format(Locale.ROOT, "%.1f %.1f %d", answered / seconds, micros.median(), lost);
  }

  private byte[] next() {
    number = (number + 1) & 0xffff;
    byte[] question = questions.get(number % questions.size());
    question[0] = (byte) (number >> 8);
    question[1] = (byte) number;
    return question;
  }

  private static boolean isAnswered(DatagramSocket socket, DatagramPacket answer, byte[] question)
      throws IOException {
    byte[] bytes = answer.getData();
    try {
      do {
        answer.setLength(MOST_BYTES);
        socket.receive(answer);
        // One that comes too late answers a question before this one.
      } while (bytes[0] != question[0] || bytes[1] != question[1]);
    } catch (SocketTimeoutException _) {
      return false;
    }
    Message message = new Message(Arrays.copyOf(bytes, answer.getLength()));
    if (message.getRcode() != Rcode.NOERROR || message.getSection(Section.ANSWER).isEmpty()) {
      throw new IOException("not the answer that was expected: " + message);
    }
    return true;
  }
}
