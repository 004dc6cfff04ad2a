package dev.drawbridge.l7.streams;

import dev.drawbridge.l7.streams.Stream.End;
import dev.drawbridge.l7.streams.Stream.Request;
import java.util.ArrayList;
import java.util.List;

/**
 * Request lines, hosts, versions, options of the connection, and what follows what: RFC 9112
 * sections 2, 3, 9; RFC 9110 section 7.2, 7.6; RFC 3986.
 */
public final class Heads {
  private static final String HOST = "Host: a.test\r\n";
  private static final Request DENIED = Request.of("GET", "/denied", "");
  private static final String NEXT = FramingLines.CANARY;

  private final List<Stream> streams = new ArrayList<>();

  private Heads() {}

  /** All of them. */
  public static List<Stream> all() {
    Heads heads = new Heads();
    heads.requestLines();
    heads.targets();
    heads.hosts();
    heads.connections();
    heads.upgrades();
    heads.fields();
    heads.pipelines();
    return heads.streams;
  }

  private void whole(String octets, Request... requests) {
    add(octets, End.WHOLE, requests);
  }

  private void refused(String octets, Request... requests) {
    add(octets, End.REFUSED, requests);
  }

  private void add(String octets, End end, Request... requests) {
    String first = octets.length() > 70 ? octets.substring(0, 70) : octets;
    streams.add(
        new Stream(
            "head " + streams.size() + " " + FramingLines.printable(first),
            octets,
            List.of(requests),
            end));
  }

  private void requestLines() {
    for (String method : List.of("GET", "POST", "PROPFIND", "VERSION-CONTROL", "M_S", "X")) {
      whole(
          method + " /a HTTP/1.1\r\n" + HOST + "\r\n" + NEXT, Request.of(method, "/a", ""), DENIED);
    }
    for (String line :
        List.of(
            "get /a HTTP/1.1",
            "Get /a HTTP/1.1",
            "GEt /a HTTP/1.1",
            "G T /a HTTP/1.1",
            "G(T /a HTTP/1.1",
            "G\tT /a HTTP/1.1",
            " GET /a HTTP/1.1",
            "\tGET /a HTTP/1.1",
            "-GET /a HTTP/1.1",
            "_ /a HTTP/1.1",
            "GET  /a HTTP/1.1",
            "GET /a  HTTP/1.1",
            "GET\t/a HTTP/1.1",
            "GET /a\tHTTP/1.1",
            "GET /a",
            "GET",
            "",
            " ",
            "/a HTTP/1.1",
            "GET HTTP/1.1",
            "GET /a HTTP/1.1 ",
            "GET /a HTTP/1.1\t",
            "GET /a b HTTP/1.1",
            "GET /a HTTP/1.1 HTTP/1.1",
            "GET /a HTTP/1.2",
            "GET /a HTTP/1.9",
            "GET /a HTTP/0.9",
            "GET /a HTTP/2.0",
            "GET /a HTTP/3.0",
            "GET /a HTTP/2",
            "GET /a HTTP/1",
            "GET /a HTTP/1.",
            "GET /a HTTP/1.10",
            "GET /a HTTP/01.1",
            "GET /a HTTP/1.01",
            "GET /a http/1.1",
            "GET /a Http/1.1",
            "GET /a HTTPS/1.1",
            "GET /a HTTP 1.1",
            "GET /a HTTP/1,1",
            "GET /a HTTP/+1.1",
            "GET /a HTTP/11",
            "GET /a FTP/1.1",
            "GET /a HTTP/1.1x",
            "GET /a xHTTP/1.1",
            "GET /a ICAP/1.0",
            "CONNECT a.test:80 HTTP/1.1",
            "CONNECT /a HTTP/1.1",
            "connect a.test:80 HTTP/1.1",
            "PRI * HTTP/1.1",
            "HTTP/1.1 200 OK",
            "{\"a\": 1}",
            "*1",
            "HELO a.test",
            "SSH-2.0-OpenSSH")) {
      if (!line.isEmpty()) {
        refused(line + "\r\n" + HOST + "\r\n" + NEXT);
      }
    }
    // RFC 9112 section 2.2: one empty line; whoever sends more of them means something else.
    whole("\r\nGET /a HTTP/1.1\r\n" + HOST + "\r\n", Request.of("GET", "/a", ""));
    refused("\r\n\r\nGET /a HTTP/1.1\r\n" + HOST + "\r\n");
    refused("\nGET /a HTTP/1.1\r\n" + HOST + "\r\n");
    refused("\rGET /a HTTP/1.1\r\n" + HOST + "\r\n");
    refused(" \r\nGET /a HTTP/1.1\r\n" + HOST + "\r\n");
    refused("\r\n\nGET /a HTTP/1.1\r\n" + HOST + "\r\n");
    whole(
        "POST /a HTTP/1.1\r\n" + HOST + "Content-Length: 2\r\n\r\nok\r\n" + NEXT,
        Request.of("POST", "/a", "ok"),
        DENIED);
    refused(
        "POST /a HTTP/1.1\r\n" + HOST + "Content-Length: 2\r\n\r\nok\r\n\r\n" + NEXT,
        Request.of("POST", "/a", "ok"));
    for (String line :
        List.of("GET /a HTTP/1.1\n" + HOST + "\r\n", "GET /a HTTP/1.1\r" + HOST + "\r\n")) {
      refused(line + NEXT);
    }
    refused("GET /a HTTP/1.1\r\nHost: a.test\n\n" + NEXT);
    refused("GET /a HTTP/1.1\r\nHost: a.test\n\r\n" + NEXT);
    refused("GET /a HTTP/1.1\r\nHost: a.test\r\n\n" + NEXT);
    refused("GET /a HTTP/1.1\r\nHost: a.test\r\r\n\r\n" + NEXT);
    whole("GET /a HTTP/1.0\r\n\r\n" + NEXT, Request.of10("GET", "/a"));
    whole("GET /a HTTP/1.0\r\n" + HOST + "\r\n" + NEXT, Request.of("GET", "/a", ""));
    whole(
        "GET /a HTTP/1.0\r\n" + HOST + "Connection: keep-alive\r\n\r\n" + NEXT,
        Request.of("GET", "/a", ""),
        DENIED);
    String head = "GET /a HTTP/1.1\r\n" + HOST + "X: y\r\n\r\n";
    for (int cut = 1; cut < head.length(); cut++) {
      add(head.substring(0, cut), End.UNFINISHED);
    }
  }

  private void target(String target, String seen) {
    whole(
        "GET " + target + " HTTP/1.1\r\n" + HOST + "\r\n" + NEXT,
        Request.of("GET", seen, ""),
        DENIED);
  }

  private void noTarget(String target) {
    refused("GET " + target + " HTTP/1.1\r\n" + HOST + "\r\n" + NEXT);
  }

  private void targets() {
    for (String target :
        List.of(
            "/",
            "/a",
            "/a/b",
            "/a?b",
            "/a?b?c",
            "/?",
            "/a?",
            "/a?q=100%",
            "/a?q=%zz",
            "/a?q=%00",
            "/a?{}|^`\"<>\\",
            "/a?b=/denied",
            "/~a",
            "/a;b=c",
            "/a:b",
            "/a@b",
            "/a%20b",
            "/a%2fb",
            "/%41",
            "/a!$&'()*+,;=",
            "/%e4%bd%a0",
            "/a?q=\u00e4\u00bd\u00a0")) {
      target(target, target);
    }
    for (String target : List.of("http://a.test/a", "HTTP://A.TEST/a?b", "http://a.test:80/a")) {
      target(target, target);
    }
    target("http://a.test", "http://a.test/");
    target("http://a.test?b", "http://a.test/?b");
    target("http://a.test?b/denied", "http://a.test/?b/denied");
    for (String target :
        List.of(
            "a",
            "*",
            "?a",
            "#",
            "/#",
            "/a#b",
            "/a?b#c",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%2g",
            "/a%%32",
            "/%00",
            "/a%00b",
            "/%c0%ae",
            "/%c0%af",
            "/%C1%9C",
            "/%e0%80%af",
            "/%f0%80%80%af",
            "/\u00e4",
            "/a\u00ff",
            "/a\u0080",
            "https://a.test/a",
            "ftp://a.test/a",
            "http:/a",
            "http:a",
            "http://",
            "http:///a",
            "http://b.test/a",
            "http://a.test@b.test/a",
            "http://b.test@a.test/a",
            "http://a.test:81/a",
            "http://a.test#/a",
            "http://a.test:x/a",
            "http://a.test\\b/a",
            "//a.test#",
            "a.test:80",
            "a.test/a",
            "file:///a",
            "javascript:a")) {
      noTarget(target);
    }
    for (char octet = 0; octet < 256; octet++) {
      boolean mark = octet == '%' || octet == '#' || octet == '?' || octet == '/' || octet == '\\';
      if (octet != ' ' && !mark) {
        String odd = "/a" + octet + "b";
        if (octet > ' ' && octet < 0x7f) {
          target(odd, odd);
        } else {
          noTarget(odd);
        }
        String query = "/a?b" + octet + "c";
        if (octet > ' ' && octet != 0x7f) {
          target(query, query);
        } else {
          noTarget(query);
        }
      }
    }
    // RFC 9112 section 3.2.4.
    whole("OPTIONS * HTTP/1.1\r\n" + HOST + "\r\n" + NEXT, Request.of("OPTIONS", "*", ""), DENIED);
    whole(
        "OPTIONS http://a.test HTTP/1.1\r\n" + HOST + "\r\n" + NEXT,
        Request.of("OPTIONS", "*", ""),
        DENIED);
    for (String method : List.of("GET", "POST", "HEAD", "OPTION", "OPTIONSX")) {
      refused(method + " * HTTP/1.1\r\n" + HOST + "\r\n" + NEXT);
    }
    refused("OPTIONS *a HTTP/1.1\r\n" + HOST + "\r\n" + NEXT);
    refused("OPTIONS ** HTTP/1.1\r\n" + HOST + "\r\n" + NEXT);
  }

  private void hosts() {
    for (String host :
        List.of(
            "a",
            "a.test:80",
            "a.test:",
            "A.TEST",
            "a.test.",
            "127.0.0.1",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:80",
            "[::ffff:127.0.0.1]",
            "a_b",
            "a-b",
            "%61.test",
            "a.test:65535",
            "xn--a")) {
      whole(
          "GET /a HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
          new Request("GET", "/a", "", List.of("Host: " + host)));
    }
    for (String host :
        List.of(
            "",
            "a b",
            "a\tb",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "u@a",
            "u:p@a",
            "a:80:80",
            "a:x",
            "a:-1",
            "a:65536",
            "a:999999",
            ":80",
            "[::1",
            "::1]",
            "[::1]x",
            "[]",
            "[::1%25eth0]",
            "[g::1]",
            "a%",
            "a%zz",
            "a<b",
            "a\"b",
            "\u00e4.test",
            "a,b c",
            "http://a",
            "a;b c")) {
      refused("GET /a HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    }
    refused("GET /a HTTP/1.1\r\n\r\n" + NEXT);
    refused("GET /a HTTP/1.1\r\nX-Host: a.test\r\n\r\n" + NEXT);
    refused("GET /a HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n\r\n" + NEXT);
    refused("GET /a HTTP/1.1\r\nHost: a.test\r\nhOST: b.test\r\n\r\n" + NEXT);
    refused("GET /a HTTP/1.1\r\nHost : a.test\r\n\r\n" + NEXT);
    refused("GET /a HTTP/1.1\r\n Host: a.test\r\n\r\n" + NEXT);
    refused("GET /a HTTP/1.1\r\nHost: a.test\r\n b.test\r\n\r\n" + NEXT);
    refused("GET http://a.test/a HTTP/1.1\r\n\r\n" + NEXT);
    refused("GET http://a.test/a HTTP/1.0\r\n\r\n" + NEXT);
  }

  private void connections() {
    for (String option :
        List.of("close", "Close", "CLOSE", "keep-alive, close", "x, close", ",close,")) {
      whole(
          "GET /a HTTP/1.1\r\n" + HOST + "Connection: " + option + "\r\n\r\n" + NEXT,
          Request.of("GET", "/a", ""));
    }
    for (String option : List.of("keep-alive", "x", "", ",", "x,y", "closed", "TE", "Keep-Alive")) {
      whole(
          "GET /a HTTP/1.1\r\n" + HOST + "Connection: " + option + "\r\n\r\n" + NEXT,
          Request.of("GET", "/a", ""),
          DENIED);
    }
    for (String option :
        List.of(
            "a b",
            "close x",
            "close;",
            "\"close\"",
            "a/b",
            "\u00ff",
            "host",
            "connection",
            "Host, x")) {
      refused("GET /a HTTP/1.1\r\n" + HOST + "Connection: " + option + "\r\n\r\n" + NEXT);
    }
    whole(
        "GET /a HTTP/1.1\r\n" + HOST + "X: 1\r\nY: 2\r\nConnection: x\r\n\r\n" + NEXT,
        Request.of("GET", "/a", "", "Y: 2"),
        DENIED);
    whole(
        "GET /a HTTP/1.1\r\n"
            + HOST
            + "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n"
            + "TE: trailers\r\nHTTP2-Settings: AAA\r\n\r\n"
            + NEXT,
        Request.of("GET", "/a", ""),
        DENIED);
    for (String own :
        List.of("Drawbridge-Request-Id", "drawbridge_x", "X-Drawbridge-Caller", "x_drawbridge_a")) {
      whole(
          "GET /a HTTP/1.1\r\n" + HOST + own + ": 1\r\n\r\n" + NEXT,
          Request.of("GET", "/a", ""),
          DENIED);
    }
    // An expectation that is refused with its body unread leaves nothing that another reads.
    String expects = "Expect: 100-continue\r\nContent-Length: " + NEXT.length() + "\r\n\r\n" + NEXT;
    whole("POST /a HTTP/1.1\r\n" + HOST + expects, Request.of("POST", "/a", NEXT));
  }

  private static String upgrade(String start, String fields) {
    return start + "\r\n" + HOST + "Connection: Upgrade, keep-alive\r\n" + fields + "\r\n";
  }

  /** What a WebSocket's or an optional upgrade leaves is an ordinary request; else nothing is. */
  private void upgrades() {
    Request get = Request.of("GET", "/a", "");
    Request post = Request.of("POST", "/a", "");
    String length = "Content-Length: 0\r\n";
    for (String other :
        List.of(
            "Upgrade: tcp\r\n",
            "upgrade: SPDY/3.1\r\n",
            "Upgrade: foo, bar\r\n",
            "Upgrade: ,foo\r\n",
            "Upgrade: foo,\r\n",
            "Upgrade: a b\r\n",
            "Upgrade: websockets\r\n",
            "Upgrade: h2\r\n",
            "Upgrade: xTLS/1.2\r\n",
            "Upgrade: foo\r\nUpgrade: bar\r\n",
            "Upgrade: foo\r\nUpgrade:\r\n")) {
      refused(upgrade("GET /a HTTP/1.1", other) + NEXT);
      refused(upgrade("POST /a HTTP/1.1", other + length) + NEXT);
      refused(
          upgrade("POST /a HTTP/1.1", other + "Content-Length: " + NEXT.length() + "\r\n") + NEXT);
      refused(get("") + upgrade("GET /a HTTP/1.1", other) + NEXT, get);
      // Policy comes first.
      whole(upgrade("GET /denied HTTP/1.1", other) + get(""), DENIED, get);
      // Nothing is asked for.
      whole(upgrade("GET /a HTTP/1.0", other) + NEXT, get, DENIED);
      whole(get(other) + NEXT, get, DENIED);
    }
    for (String optional :
        List.of(
            "Upgrade: h2c\r\n",
            "Upgrade: H2C , x\r\n",
            "Upgrade: HTTP/2.0\r\n",
            "Upgrade: foo, TLS/1.2\r\n",
            "Upgrade: foo\r\nUpgrade: tls/1.0\r\n",
            "Upgrade: ,\r\n",
            "Upgrade:\r\n")) {
      whole(upgrade("GET /a HTTP/1.1", optional) + NEXT, get, DENIED);
      whole(upgrade("POST /a HTTP/1.1", optional + length) + NEXT, post, DENIED);
    }
    for (String websocket :
        List.of(
            "Upgrade: websocket\r\n",
            "Upgrade: WebSocket , foo\r\n",
            "Upgrade: foo\r\nUpgrade: websocket\r\n")) {
      whole(upgrade("GET /a HTTP/1.1", websocket) + NEXT, get, DENIED);
      whole(upgrade("GET /a HTTP/1.1", websocket + length) + NEXT, get, DENIED);
    }
    whole(upgrade("POST /a HTTP/1.1", "Upgrade: websocket\r\n" + length) + NEXT, post, DENIED);
    refused(upgrade("POST /a HTTP/1.1", "Upgrade: websocket, foo\r\n" + length) + NEXT);
  }

  private static String get(String fields) {
    return "GET /a HTTP/1.1\r\n" + HOST + fields + "\r\n";
  }

  private void fields() {
    for (String name : List.of("X", "x!#$%&'*+.^_`|~-9", "X-Y", "_", "Content-Type")) {
      for (String value :
          List.of("", "a", "a b", "a\tb", "\u00e4", "a: b", "a, b", "\"", "%0d%0a")) {
        whole(
            "GET /a HTTP/1.1\r\n" + HOST + name + ": " + value + " \r\n\r\n" + NEXT,
            Request.of("GET", "/a", "", name + ": " + value),
            DENIED);
      }
    }
    for (char octet = 0; octet < 256; octet++) {
      boolean control = (octet < ' ' && octet != '\t') || octet == 0x7f;
      String octets = "GET /a HTTP/1.1\r\n" + HOST + "X: a" + octet + "b\r\n\r\n" + NEXT;
      if (control) {
        refused(octets);
      } else {
        whole(octets, Request.of("GET", "/a", "", "X: a" + octet + "b"), DENIED);
      }
      boolean token = octet > ' ' && octet < 0x7f && "\"(),/:;<=>?@[\\]{}".indexOf(octet) < 0;
      octets = "GET /a HTTP/1.1\r\n" + HOST + "X" + octet + "Y: a\r\n\r\n" + NEXT;
      if (token) {
        whole(octets, Request.of("GET", "/a", "", "X" + octet + "Y: a"), DENIED);
      } else if (octet != ':') {
        refused(octets);
      }
    }
    for (String line :
        List.of(
            "X",
            "X y",
            "X : y",
            "X\t: y",
            ": y",
            ":",
            " X: y",
            "\tX: y",
            "X: y\r\n z",
            "X: y\r\n\tz",
            "\"X\": y",
            "X\u00e4: y")) {
      refused("GET /a HTTP/1.1\r\n" + HOST + line + "\r\n\r\n" + NEXT);
    }
    refused("GET /a HTTP/1.1\r\n X: y\r\n" + HOST + "\r\n" + NEXT);
  }

  private void pipelines() {
    String get = "GET /a HTTP/1.1\r\n" + HOST + "\r\n";
    Request a = Request.of("GET", "/a", "");
    for (int many = 2; many < 8; many++) {
      List<Request> all = new ArrayList<>();
      StringBuilder octets = new StringBuilder();
      for (int i = 0; i < many; i++) {
        boolean denied = (i * 5 + many) % 3 == 0;
        octets.append(denied ? NEXT : get);
        all.add(denied ? DENIED : a);
      }
      whole(octets.toString(), all.toArray(Request[]::new));
    }
    String post =
        "POST /a HTTP/1.1\r\n" + HOST + "Content-Length: " + get.length() + "\r\n\r\n" + get;
    whole(post + NEXT + post, Request.of("POST", "/a", get), DENIED, Request.of("POST", "/a", get));
    // A denied request's body is no request.
    String refusedPost = post.replace("POST /a", "POST /denied");
    whole(refusedPost + get, Request.of("POST", "/denied", get), a);
    String chunked =
        "POST /denied HTTP/1.1\r\n"
            + HOST
            + "Transfer-Encoding: chunked\r\n\r\n"
            + Integer.toHexString(get.length())
            + "\r\n"
            + get
            + "\r\n0\r\n\r\n";
    whole(chunked + get, Request.of("POST", "/denied", get), a);
    refused(get + "x\r\n\r\n" + get, a);
    refused(get + get.replace("1.1", "1.7"), a);
    whole(get + "\r\n" + get, a, a);
    add(get + get.substring(0, 20), End.UNFINISHED, a);
    add(get + post.substring(0, post.length() - 3), End.UNFINISHED, a);
  }
}
