package dev.drawbridge.api.client;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/**
 * As much of an HTTP/1.1 response (RFC 9112) as {@code ApiServer} sends: a status line, fields, and
 * a body by Content-Length or chunks. An answer that ends before its framing says so is an error,
 * never a short body.
 */
public final class HttpAnswer {
  private static final int LONGEST_LINE = 8192;
  private static final int MOST_FIELDS = 100;

  private final InputStream in;
  private final int status;
  private final int longest;
  private final boolean chunked;
  private long left;
  private boolean ended;

  private HttpAnswer(InputStream in, int status, boolean chunked, long length, int longest) {
    this.in = in;
    this.status = status;
    this.chunked = chunked;
    this.left = length;
    this.ended = !chunked && length == 0;
    this.longest = longest;
  }

  /** Reads the head. {@code longest} bounds {@link #text} and one {@link #line}. */
  public static HttpAnswer read(InputStream raw, int longest) throws IOException {
    InputStream in = new BufferedInputStream(raw, 1 << 16);
    String first = headLine(in);
    if (!first.startsWith("HTTP/1.1 ") || first.length() < 12) {
      throw new IOException("not an HTTP/1.1 answer");
    }
    int status = (int) number(first.substring(9, 12), 10, 999);
    boolean chunked = false;
    long length = -1;
    for (int fields = 0; ; fields++) {
      String line = headLine(in);
      if (line.isEmpty()) {
        break;
      }
      int colon = line.indexOf(':');
      if (colon < 1 || fields == MOST_FIELDS) {
        throw new IOException("a malformed head");
      }
      String value = line.substring(colon + 1).strip();
      switch (line.substring(0, colon).toLowerCase(Locale.ROOT)) {
        case "transfer-encoding" -> {
          if (!value.equalsIgnoreCase("chunked")) {
            throw new IOException("transfer coding " + value);
          }
          chunked = true;
        }
        case "content-length" -> length = number(value, 10, longest);
        default -> {}
      }
    }
    if (chunked == length >= 0) {
      throw new IOException("an answer without one framing");
    }
    return new HttpAnswer(in, status, chunked, Math.max(0, length), longest);
  }

  public int status() {
    return status;
  }

  /** The whole rest of the body. */
  String text() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int octet = next(); octet >= 0; octet = next()) {
      append(bytes, octet);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** The next line of the body without its line end; empty at the end of the body. */
  public Optional<String> line() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int octet = next();
    if (octet < 0) {
      return Optional.empty();
    }
    for (; octet >= 0 && octet != '\n'; octet = next()) {
      append(bytes, octet);
    }
    return Optional.of(bytes.toString(StandardCharsets.UTF_8));
  }

  private void append(ByteArrayOutputStream bytes, int octet) throws IOException {
    if (bytes.size() == longest) {
      throw new IOException("an answer longer than " + longest + " bytes");
    }
    bytes.write(octet);
  }

  private int next() throws IOException {
    if (ended) {
      return -1;
    }
    if (left == 0 && !nextChunk()) {
      return -1;
    }
    int octet = must(in);
    left--;
    if (left == 0) {
      if (chunked) {
        blankLine();
      } else {
        ended = true;
      }
    }
    return octet;
  }

  private boolean nextChunk() throws IOException {
    left = number(headLine(in), 16, Integer.MAX_VALUE);
    if (left == 0) {
      blankLine();
      ended = true;
      return false;
    }
    return true;
  }

  private void blankLine() throws IOException {
    if (!headLine(in).isEmpty()) {
      throw new IOException("a malformed chunk");
    }
  }

  private static String headLine(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int octet = must(in); octet != '\n'; octet = must(in)) {
      if (line.length() == LONGEST_LINE) {
        throw new IOException("a line longer than " + LONGEST_LINE + " bytes");
      }
      line.append((char) octet);
    }
    if (line.isEmpty() || line.charAt(line.length() - 1) != '\r') {
      throw new IOException("a line without CRLF");
    }
    line.setLength(line.length() - 1);
    return line.toString();
  }

  private static int must(InputStream in) throws IOException {
    int octet = in.read();
    if (octet < 0) {
      throw new EOFException("the connection ended early");
    }
    return octet;
  }

  private static long number(String text, int radix, long most) throws IOException {
    boolean digits =
        !text.isEmpty()
            && text.length() <= 10
            && text.chars().allMatch(c -> Character.digit(c, radix) >= 0 && c < 0x80);
    if (!digits || Long.parseLong(text, radix) > most) {
      throw new IOException("a number that cannot be: " + text);
    }
    return Long.parseLong(text, radix);
  }
}
