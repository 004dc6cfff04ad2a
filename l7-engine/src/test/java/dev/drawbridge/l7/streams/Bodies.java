package dev.drawbridge.l7.streams;

import dev.drawbridge.l7.streams.Stream.End;
import dev.drawbridge.l7.streams.Stream.Request;
import java.util.ArrayList;
import java.util.List;

/** Chunked bodies: RFC 9112 section 7.1, each size line, extension, end of data and trailer. */
public final class Bodies {
  private static final String HEAD =
      "POST /allowed HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";
  private static final Request HELLO = Request.of("POST", "/allowed", "hello");
  private static final Request DENIED = Request.of("GET", "/denied", "");

  private Bodies() {}

  /** All of them. */
  public static List<Stream> all() {
    List<Stream> streams = new ArrayList<>();
    for (String size : List.of("5", "05", "0005", "00000000000000000000000005")) {
      whole(streams, "size", size + "\r\nhello\r\n0\r\n\r\n");
    }
    whole(streams, "last size", "5\r\nhello\r\n0000000000000000000000\r\n\r\n");
    for (String extension :
        List.of(
            ";a",
            ";a=b",
            ";a=\"b\"",
            ";a=\"\"",
            ";a=\"b;c\\\"d\"",
            ";a=\"\t\u00ff\"",
            ";a;b",
            ";a=b;c=d",
            " ;a",
            "\t;\ta",
            "; a",
            ";a =b",
            ";a= b",
            ";a = \"b\"",
            ";a ;b",
            ";a=b ; c=d",
            ";a=\"b\" ;c")) {
      whole(streams, "extension", "5" + extension + "\r\nhello\r\n0\r\n\r\n");
      whole(streams, "last extension", "5\r\nhello\r\n0" + extension + "\r\n\r\n");
    }
    for (String line :
        List.of(
            "",
            " 5",
            "\t5",
            "5 ",
            "5\t",
            "x",
            "g5",
            "5g",
            "5x",
            "0x5",
            "+5",
            "-5",
            "5,",
            "5.0",
            "\"5\"",
            "5_",
            "5 5",
            "5;",
            "5; ",
            "5;=",
            "5;=b",
            "5;a=",
            "5;a= ",
            "5;a b",
            "5;a=b c",
            "5;a=\"b",
            "5;a=\"b\"c",
            "5;a=\"b\\",
            "5;a==b",
            "5;;a",
            "5;a;",
            "5;\u00ffa",
            "5;a=\u00ff",
            "5;a\u0000",
            "5;a=\"\u0000\"",
            "5;a=\"\\\u0001\"",
            "5;a=\"\u007f\"",
            "5\u0000",
            "5\u000b",
            "5\u00a0",
            "ffffffffffffffffffffff5",
            "10000000000000005",
            "5;(a",
            "5;a=(b)")) {
      refused(streams, "size line", line + "\r\nhello\r\n0\r\n\r\n");
      refused(streams, "last size line", "5\r\nhello\r\n" + line.replace('5', '0') + "\r\n\r\n");
    }
    for (char octet = 0; octet < 256; octet++) {
      octet(streams, octet);
    }
    for (String body :
        List.of(
            "5\nhello\r\n0\r\n\r\n",
            "5\rhello\r\n0\r\n\r\n",
            "5\r\r\nhello\r\n0\r\n\r\n",
            "5\n\r\nhello\r\n0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "5\r\nhello\r0\r\n\r\n",
            "5\r\nhello0\r\n\r\n",
            "5\r\nhello\r\n\r\n0\r\n\r\n",
            "5\r\nhellohello\r\n0\r\n\r\n",
            "4\r\nhello\r\n0\r\n\r\n",
            "5;a\nhello\r\n0\r\n\r\n",
            "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
            "5;a\r;b\r\nhello\r\n0\r\n\r\n",
            "5\r\nhello\r\n0\n\n",
            "5\r\nhello\r\n0\r\n\n",
            "5\r\nhello\r\n0\r\nX: y\n\r\n",
            "5\r\nhello\r\n0\r\n X: y\r\n\r\n",
            "5\r\nhello\r\n0\r\nX : y\r\n\r\n",
            "5\r\nhello\r\n0\r\nX\r\n\r\n",
            "5\r\nhello\r\n0\r\n: y\r\n\r\n",
            "5\r\nhello\r\n0\r\nX: \u0000\r\n\r\n")) {
      refused(streams, "body", body);
    }
    for (String trailer :
        List.of("X: y", "X:", "X: a\r\nX: b", "Grpc-Status: 0", "X-Sum: \u00ff")) {
      whole(streams, "trailer", "5\r\nhello\r\n0\r\n" + trailer + "\r\n\r\n");
    }
    for (String name :
        List.of(
            "Host",
            "Content-Length",
            "Transfer-Encoding",
            "Connection",
            "TE",
            "Expect",
            "Upgrade",
            "Trailer",
            "Authorization",
            "Cookie",
            "Set-Cookie",
            "Content-Type",
            "Content-Encoding",
            "Content-Range",
            "Cache-Control",
            "Max-Forwards",
            "Pragma",
            "Range",
            "Keep-Alive",
            "Proxy-Authorization",
            "WWW-Authenticate",
            "Proxy-Connection",
            "HTTP2-Settings",
            "Content_Length",
            "Transfer_Encoding",
            "Drawbridge-Id",
            "X-Drawbridge-Id",
            "X-HTTP-Method-Override",
            "X-Original-URL",
            "host",
            "AUTHORIZATION")) {
      refused(streams, "trailer", "5\r\nhello\r\n0\r\n" + name + ": 5\r\n\r\n");
    }
    String two = "3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\n\r\n";
    whole(streams, "two", two);
    for (int cut = 1; cut < two.length(); cut++) {
      streams.add(
          new Stream("cut at " + cut, HEAD + two.substring(0, cut), List.of(), End.UNFINISHED));
    }
    return streams;
  }

  /** One octet where a size line has ended, and where the data has. */
  private static void octet(List<Stream> streams, char octet) {
    if (octet == '\r' || octet == '\n') {
      return;
    }
    boolean hex = Character.digit(octet, 16) >= 0 && octet < 0x80;
    if (!hex && octet != ';') {
      refused(streams, "octet", "5" + octet + "\r\nhello\r\n0\r\n\r\n");
    }
    if (!hex) {
      refused(streams, "octet before", octet + "5\r\nhello\r\n0\r\n\r\n");
    }
    refused(streams, "octet behind data", "5\r\nhello" + octet + "\r\n0\r\n\r\n");
    refused(streams, "octet for LF", "5\r\nhello\r" + octet + "0\r\n\r\n");
    refused(streams, "octet for CR", "5\r\nhello" + octet + "\n0\r\n\r\n");
  }

  private static void whole(List<Stream> to, String what, String body) {
    to.add(
        new Stream(
            what + " " + FramingLines.printable(body),
            HEAD + body + FramingLines.CANARY,
            List.of(HELLO, DENIED),
            End.WHOLE));
  }

  private static void refused(List<Stream> to, String what, String body) {
    to.add(
        new Stream(
            what + " " + FramingLines.printable(body),
            HEAD + body + FramingLines.CANARY,
            List.of(),
            End.REFUSED));
  }
}
