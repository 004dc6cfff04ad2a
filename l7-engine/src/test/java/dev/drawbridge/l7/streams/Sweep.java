package dev.drawbridge.l7.streams;

import dev.drawbridge.l7.streams.Stream.Request;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Templates with one octet taken out, doubled, replaced or put in, at every place; and with several
 * such changes, by chance that a seed repeats. What each means says {@link Grammar}.
 */
public final class Sweep {
  private static final String HOST = "Host: a.test\r\n";

  private static final long SEED = 11;

  static final List<String> TEMPLATES =
      List.of(
          "GET /allowed?q=1 HTTP/1.1\r\n" + HOST + "X: y\r\n\r\n" + FramingLines.CANARY,
          "POST /allowed HTTP/1.1\r\n"
              + HOST
              + "Content-Length: 5\r\n\r\nhello"
              + FramingLines.CANARY,
          "POST /allowed HTTP/1.1\r\n"
              + HOST
              + "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n"
              + FramingLines.CANARY,
          "POST /denied HTTP/1.1\r\n"
              + HOST
              + "Content-Length: 9\r\n\r\nGET / H\r\n"
              + "GET /allowed HTTP/1.1\r\n"
              + HOST
              + "\r\n",
          "POST http://a.test/allowed HTTP/1.1\r\n"
              + HOST
              + "Connection: x, keep-alive\r\nX: y\r\n"
              + "Content-Length: 41\r\n\r\n"
              + FramingLines.CANARY
              + FramingLines.CANARY,
          "GET /allowed HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"
              + FramingLines.CANARY);

  private static final List<String> PIECES =
      List.of(
          "\r\n",
          "\r",
          "\n",
          "\0",
          " ",
          "\t",
          ":",
          ";",
          ",",
          "0\r\n\r\n",
          "5\r\n",
          "chunked",
          "Content-Length: 3\r\n",
          "Transfer-Encoding: chunked\r\n",
          "Connection: close\r\n",
          "Host: b.test\r\n",
          " HTTP/1.1",
          "GET /denied",
          "HTTP/1.0",
          "\u00ff",
          "\u000b",
          "\"",
          "%00",
          "%",
          "#",
          "?",
          "//",
          "Content-Length",
          "x");

  private Sweep() {}

  /** Every change of one octet, with every octet. */
  public static void each(Consumer<Stream> to) {
    for (int t = 0; t < TEMPLATES.size(); t++) {
      String template = TEMPLATES.get(t);
      to.accept(Grammar.read("template " + t, template));
      for (int at = 0; at < template.length(); at++) {
        String before = template.substring(0, at);
        String after = template.substring(at + 1);
        String place = "template " + t + " at " + at + " ";
        give(to, place + "out", before + after);
        give(to, place + "twice", before + template.charAt(at) + template.substring(at));
        for (char octet = 0; octet < 256; octet++) {
          give(to, place + "<" + (int) octet + ">", before + octet + after);
          give(to, place + "+<" + (int) octet + ">", before + octet + template.substring(at));
        }
      }
    }
  }

  /** That many with several changes: the first so many of one row, whoever asks. */
  public static void random(int many, Consumer<Stream> to) {
    Random random = new Random(SEED);
    for (int i = 0; i < many; i++) {
      StringBuilder octets = new StringBuilder(TEMPLATES.get(random.nextInt(TEMPLATES.size())));
      for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
        int at = random.nextInt(octets.length());
        switch (random.nextInt(4)) {
          case 0 -> octets.insert(at, PIECES.get(random.nextInt(PIECES.size())));
          case 1 -> octets.deleteCharAt(at);
          case 2 -> octets.setCharAt(at, (char) random.nextInt(256));
          default -> octets.insert(at, octets.substring(at, Math.min(octets.length(), at + 12)));
        }
      }
      give(to, "seed " + SEED + " number " + i, octets.toString());
    }
  }

  private static void give(Consumer<Stream> to, String id, String octets) {
    to.accept(Grammar.read(id, octets));
  }

  /**
   * Whether policy's answer to each request of it can be told without reading paths as servers do.
   */
  public static boolean plain(Stream stream) {
    for (Request request : stream.requests()) {
      if (!request.target().matches("[/\\\\a-zA-Z0-9?=]*")) {
        return false;
      }
    }
    return true;
  }
}
