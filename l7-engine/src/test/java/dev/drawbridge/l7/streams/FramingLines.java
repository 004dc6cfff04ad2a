package dev.drawbridge.l7.streams;

import dev.drawbridge.l7.streams.Stream.End;
import dev.drawbridge.l7.streams.Stream.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Every way to write a framing field, in every template where two readers could take it for two
 * things: RFC 9112 section 6, 11.2. What each line means is said here, beside it.
 */
public final class FramingLines {
  /** A request that policy denies, where one reader sees a body and another the next request. */
  static final String CANARY = "GET /denied HTTP/1.1\r\nHost: a.test\r\n\r\n";

  private static final String POST = "POST /allowed HTTP/1.1\r\nHost: a.test\r\n";
  private static final Request DENIED = Request.of("GET", "/denied", "");
  private static final String CODING = "Transfer-Encoding";
  private static final String LENGTH = "Content-Length";

  /** What a strict reader makes of a line. */
  enum Meaning {
    /** The body is chunked, or its length is what {@code {N}} stands for. */
    FRAMES,
    /** A field like others: it goes on as it is. */
    OTHER,
    /** A field that some server takes for a framing field: it goes no further. */
    DROPPED,
    REFUSED
  }

  /**
   * A line.
   *
   * @param text without CRLF; {@code {N}} is the length of what follows the head
   */
  record Line(String text, Meaning meaning) {
    /** How the callee sees it. */
    List<String> seen(int length) {
      if (meaning != Meaning.OTHER) {
        return List.of();
      }
      String[] parts = text.replace("{N}", Integer.toString(length)).split(":", 2);
      return List.of(parts[0] + ": " + parts[1].replaceAll("^[ \\t]+|[ \\t]+$", ""));
    }

    String with(int length) {
      return text.replace("{N}", Integer.toString(length)) + "\r\n";
    }
  }

  private FramingLines() {}

  /** All of them. */
  public static List<Stream> all() {
    List<Stream> streams = new ArrayList<>();
    for (Line line : codings()) {
      coding(line, streams);
    }
    for (Line line : lengths()) {
      length(line, streams);
    }
    return streams;
  }

  // The lines.

  private static List<Line> codings() {
    List<Line> lines = names(CODING, "chunked");
    for (String value :
        List.of("chunked", "Chunked", "CHUNKED", "  chunked", "chunked \t", "\tchunked")) {
      lines.add(new Line(CODING + ":" + value, Meaning.FRAMES));
    }
    for (String value :
        List.of(
            "",
            "identity",
            "gzip",
            "gzip, chunked",
            "chunked, gzip",
            "chunked, chunked",
            "chunked,",
            ", chunked",
            "chunked;q=1",
            "chunked ;",
            "\"chunked\"",
            "'chunked'",
            "chunked chunked",
            "chun ked",
            "xchunked",
            "chunkedx",
            "x chunked",
            "chunk",
            "deflate",
            "cow",
            "chunked\r\n ",
            "chunked\r\n\t, identity",
            "\r\n chunked",
            "chunked\rx",
            "chunked\nX: y")) {
      lines.add(new Line(CODING + ": " + value, Meaning.REFUSED));
    }
    octets(CODING + ": ", "chunked", lines);
    return lines;
  }

  private static List<Line> lengths() {
    List<Line> lines = names(LENGTH, "{N}");
    for (String value : List.of("{N}", " {N}", "{N} ", "\t{N}\t", "0{N}", "00000000{N}")) {
      lines.add(new Line(LENGTH + ":" + value, Meaning.FRAMES));
    }
    for (String value :
        List.of(
            "",
            "+{N}",
            "-{N}",
            "-0",
            "0x{N}",
            "{N}.0",
            "{N}e0",
            "{N},",
            ",{N}",
            "{N}, {N}",
            "{N},0",
            "0,{N}",
            "{N} {N}",
            "{N};",
            "\"{N}\"",
            "1_0",
            "{N}L",
            "0 {N}",
            "18446744073709551616",
            "18446744073709551655",
            "9223372036854775808",
            "99999999999999999999999999",
            "{N}\r\n ",
            "\r\n {N}",
            "{N}\r1",
            "{N}\nX: y")) {
      lines.add(new Line(LENGTH + ": " + value, Meaning.REFUSED));
    }
    octets(LENGTH + ": ", "{N}", lines);
    return lines;
  }

  /** A value with one octet before it and behind it. */
  private static void octets(String name, String value, List<Line> lines) {
    for (char octet = 0; octet < 256; octet++) {
      boolean blank = octet == ' ' || octet == '\t';
      boolean digit = octet >= '0' && octet <= '9' && name.startsWith(LENGTH);
      if (!digit) {
        Meaning meaning = blank ? Meaning.FRAMES : Meaning.REFUSED;
        lines.add(new Line(name + octet + value, meaning));
        lines.add(new Line(name + value + octet, meaning));
      }
    }
  }

  /** Names that are the field's, that are another's, and that are none. */
  private static List<Line> names(String name, String value) {
    List<Line> lines = new ArrayList<>();
    for (String same :
        List.of(name, name.toUpperCase(Locale.ROOT), name.toLowerCase(Locale.ROOT))) {
      lines.add(new Line(same + ": " + value, Meaning.FRAMES));
    }
    lines.add(new Line(name.replace('-', '_') + ": " + value, Meaning.DROPPED));
    lines.add(
        new Line(name.replace('-', '_').toUpperCase(Locale.ROOT) + ": " + value, Meaning.DROPPED));
    for (String other : List.of("X-" + name, name + "-X", name.replace("-", ""), name + "s")) {
      lines.add(new Line(other + ": " + value, Meaning.OTHER));
    }
    lines.add(new Line("X: " + name + ": " + value, Meaning.OTHER));
    for (String none : List.of(name, name + " " + value, name + " = " + value, ": " + value)) {
      lines.add(new Line(none, Meaning.REFUSED));
    }
    for (char octet = 0; octet < 256; octet++) {
      boolean token =
          octet < 0x7f
              && octet > ' '
              && (Character.isLetterOrDigit(octet) || "!#$%&'*+-.^_`|~".indexOf(octet) >= 0);
      Meaning meaning = token ? Meaning.OTHER : Meaning.REFUSED;
      lines.add(new Line(octet + name + ": " + value, meaning));
      if (octet != ':') {
        lines.add(new Line(name + octet + ": " + value, meaning));
        lines.add(new Line(name.replace("-", "-" + octet) + ": " + value, meaning));
      }
    }
    return lines;
  }

  // The templates.

  private static void add(
      List<Stream> to, String template, Line line, String octets, End end, Request... requests) {
    String id = template + " " + printable(line.text());
    to.add(new Stream(id, octets, List.of(requests), end));
  }

  private static Request post(String body, List<String> more) {
    return Request.of("POST", "/allowed", body, more.toArray(String[]::new));
  }

  private static void coding(Line line, List<Stream> to) {
    boolean refused = line.meaning == Meaning.REFUSED;
    boolean frames = line.meaning == Meaning.FRAMES;
    String text = line.with(0);
    List<String> seen = line.seen(0);

    // Alone: chunked, or no body and then what is no request.
    String hello = "5\r\nhello\r\n0\r\n\r\n";
    String octets = POST + text + "\r\n" + hello + CANARY;
    if (refused) {
      add(to, "TE", line, octets, End.REFUSED);
    } else if (frames) {
      add(to, "TE", line, octets, End.WHOLE, post("hello", List.of()), DENIED);
    } else {
      add(to, "TE", line, octets, End.REFUSED, post("", seen));
    }

    // Beside a length, before it and behind it: whoever believes the one smuggles by the other.
    String inner = "0\r\n\r\n" + CANARY;
    String length = "Content-Length: " + inner.length() + "\r\n";
    for (String both : List.of(length + text, text + length)) {
      octets = POST + both + "\r\n" + inner;
      if (refused || frames) {
        add(to, "CL.TE", line, octets, End.REFUSED);
      } else {
        add(to, "CL.TE", line, octets, End.WHOLE, post(inner, seen));
      }
    }

    // Twice.
    octets = POST + text + "Transfer-Encoding: chunked\r\n\r\n" + hello + CANARY;
    if (refused || frames) {
      add(to, "TE.TE", line, octets, End.REFUSED);
    } else {
      add(to, "TE.TE", line, octets, End.WHOLE, post("hello", seen), DENIED);
    }

    // HTTP/1.0 has none; what follows its request is never read.
    octets = POST.replace("1.1", "1.0") + text + "\r\n" + hello + CANARY;
    if (refused || frames) {
      add(to, "1.0", line, octets, End.REFUSED);
    } else {
      add(to, "1.0", line, octets, End.WHOLE, post("", seen));
    }

    // In the trailers.
    String trailers = "5\r\nhello\r\n0\r\n" + text + "\r\n";
    octets = POST + "Transfer-Encoding: chunked\r\n\r\n" + trailers + CANARY;
    boolean nowhere = line.meaning != Meaning.OTHER;
    if (nowhere) {
      add(to, "trailer", line, octets, End.REFUSED);
    } else {
      add(to, "trailer", line, octets, End.WHOLE, post("hello", List.of()), DENIED);
    }
  }

  private static void length(Line line, List<Stream> to) {
    boolean refused = line.meaning == Meaning.REFUSED;
    boolean frames = line.meaning == Meaning.FRAMES;
    int size = CANARY.length();
    String text = line.with(size);
    List<String> seen = line.seen(size);
    for (String method : List.of("POST", "GET")) {
      Request with = withBody(method, CANARY, List.of());
      String octets = POST.replace("POST", method) + text + "\r\n" + CANARY;
      if (refused) {
        add(to, "CL " + method, line, octets, End.REFUSED);
      } else if (frames) {
        add(to, "CL " + method, line, octets, End.WHOLE, with);
      } else {
        add(to, "CL " + method, line, octets, End.WHOLE, withBody(method, "", seen), DENIED);
      }
    }

    // Twice, and equal.
    String octets = POST + text + "Content-Length: " + size + "\r\n\r\n" + CANARY;
    if (refused || frames) {
      add(to, "CL.CL", line, octets, End.REFUSED);
    } else {
      add(to, "CL.CL", line, octets, End.WHOLE, post(CANARY, seen));
    }

    // Two that differ: the shorter one shows the canary.
    octets = POST + "Content-Length: 0\r\n" + text + "\r\n" + CANARY;
    if (refused || frames) {
      add(to, "0.CL", line, octets, End.REFUSED);
    } else {
      add(to, "0.CL", line, octets, End.WHOLE, post("", seen), DENIED);
    }

    // Named by Connection, which would take it off on the way.
    octets = POST + "Connection: content-length\r\n" + text + "\r\n" + CANARY;
    if (refused || frames) {
      add(to, "hop CL", line, octets, End.REFUSED);
    } else {
      add(to, "hop CL", line, octets, End.WHOLE, post("", seen), DENIED);
    }
  }

  private static Request withBody(String method, String body, List<String> more) {
    return Request.of(method, "/allowed", body, more.toArray(String[]::new));
  }

  static String printable(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= ' ' && c < 0x7f) {
        out.append(c);
      } else {
        out.append(String.format("<%02x>", (int) c));
      }
    }
    return out.toString();
  }
}
