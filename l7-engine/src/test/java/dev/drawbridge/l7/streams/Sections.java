package dev.drawbridge.l7.streams;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Field sections of HTTP/2 and what RFC 9113 section 8 makes of them: each way to be malformed, and
 * beside it what is well-formed; in every way in which RFC 7541 lets a section be written.
 */
public final class Sections {
  /** What must come of a stream. */
  public enum Verdict {
    /** It arrives, whole. */
    ACCEPT,
    /** It is refused, and nothing of it arrives. */
    REJECT,
    /** The same, but its head may have arrived before its fault came. */
    REJECT_LATE,
    /** Only policy counts: readers may differ. */
    EITHER
  }

  /**
   * A connection with one request on stream 1.
   *
   * @param raw from the preface on
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Section(String id, Verdict verdict, byte[] raw) {}

  private record Field(String name, String value) {}

  private static final List<Field> GET =
      List.of(
          new Field(":method", "GET"),
          new Field(":scheme", "http"),
          new Field(":authority", "a.test"),
          new Field(":path", "/allowed"));
  private static final String SMUGGLED = "y\r\nGET /denied HTTP/1.1\r\nHost: a.test\r\n\r\n";

  private final List<Section> sections = new ArrayList<>();

  private Sections() {}

  /** All of them. */
  public static List<Section> all() {
    Sections all = new Sections();
    all.pseudoFields();
    all.names();
    all.values();
    all.targets();
    all.lengths();
    all.trailers();
    all.writings();
    return all.sections;
  }

  private void add(Verdict verdict, String id, List<Field> fields) {
    sections.add(
        new Section(id, verdict, Frames.connection(Frames.headers(1, true, block(fields)))));
  }

  private static List<Field> with(List<Field> fields, Field... more) {
    List<Field> all = new ArrayList<>(fields);
    Collections.addAll(all, more);
    return all;
  }

  private static List<Field> set(String name, String value) {
    List<Field> all = new ArrayList<>();
    for (Field field : GET) {
      all.add(field.name().equals(name) ? new Field(name, value) : field);
    }
    return all;
  }

  private static List<Field> without(String name) {
    return GET.stream().filter(f -> !f.name().equals(name)).toList();
  }

  private void pseudoFields() {
    add(Verdict.ACCEPT, "as it should be", GET);
    List<Field> turned = new ArrayList<>(GET);
    Collections.reverse(turned);
    add(Verdict.ACCEPT, "in another order", turned);
    for (Field field : GET) {
      String name = field.name();
      add(Verdict.REJECT, name + " is missing", without(name));
      add(Verdict.REJECT, name + " twice", with(GET, field));
      add(Verdict.REJECT, name + " twice, another", with(GET, new Field(name, "/denied")));
      add(Verdict.REJECT, name + " after a field", with(without(name), new Field("x", "y"), field));
      add(Verdict.REJECT, name + " empty", set(name, ""));
      add(Verdict.REJECT, name + " smuggles", set(name, field.value() + SMUGGLED));
      add(Verdict.REJECT, name + " ends in a blank", set(name, field.value() + " "));
      add(Verdict.REJECT, name + " begins with a blank", set(name, " " + field.value()));
      add(
          Verdict.REJECT,
          name + " in capitals",
          with(without(name), new Field(name.toUpperCase(java.util.Locale.ROOT), field.value())));
      for (char octet : new char[] {0, '\t', '\n', '\r', ' ', 0x7f}) {
        String at = field.value().substring(0, 1) + octet + field.value().substring(1);
        add(Verdict.REJECT, name + " with <" + (int) octet + ">", set(name, at));
      }
    }
    for (String name : List.of(":status", ":protocol", ":foo", ":", "::path", ":path:", ":host")) {
      add(Verdict.REJECT, "pseudo-field " + name, with(GET, new Field(name, "200")));
      List<Field> first = new ArrayList<>(List.of(new Field(name, "200")));
      first.addAll(GET);
      add(Verdict.REJECT, "pseudo-field first " + name, first);
    }
    add(Verdict.REJECT, "CONNECT", set(":method", "CONNECT"));
    add(
        Verdict.REJECT,
        "CONNECT as it should be",
        List.of(new Field(":method", "CONNECT"), new Field(":authority", "a.test:80")));
    add(
        Verdict.ACCEPT,
        "a host for the authority",
        with(without(":authority"), new Field("host", "a.test")));
    add(Verdict.ACCEPT, "both, the same", with(GET, new Field("host", "a.test")));
    for (String host : List.of("b.test", "a.test:81", "", "a.test@b.test")) {
      add(Verdict.REJECT, "both, different " + host, with(GET, new Field("host", host)));
    }
    add(
        Verdict.REJECT,
        "two hosts",
        with(GET, new Field("host", "a.test"), new Field("host", "a.test")));
  }

  private void names() {
    for (String name :
        List.of(
            "connection",
            "keep-alive",
            "proxy-connection",
            "transfer-encoding",
            "upgrade",
            "http2-settings")) {
      for (String value : List.of("", "close", "chunked", "x", "websocket")) {
        add(Verdict.REJECT, "hop by hop " + name + " " + value, with(GET, new Field(name, value)));
      }
    }
    add(Verdict.ACCEPT, "te: trailers", with(GET, new Field("te", "trailers")));
    for (String value : List.of("", "gzip", "trailers, deflate", "trailersx", "chunked")) {
      add(Verdict.REJECT, "te: " + value, with(GET, new Field("te", value)));
    }
    add(Verdict.REJECT, "no name", with(GET, new Field("", "y")));
    add(Verdict.REJECT, "a name smuggles", with(GET, new Field("x: " + SMUGGLED, "y")));
    for (char octet = 0; octet < 256; octet++) {
      boolean token =
          (octet >= 'a' && octet <= 'z')
              || (octet >= '0' && octet <= '9')
              || (octet < 0x80 && "!#$%&'*+-.^_`|~".indexOf(octet) >= 0);
      if (!token || octet < '0' || octet > 'z') {
        add(
            token ? Verdict.ACCEPT : Verdict.REJECT,
            "name with <" + (int) octet + ">",
            with(GET, new Field("x" + octet + "y", "z")));
      }
    }
    for (String own :
        List.of("content_length", "transfer_encoding", "drawbridge-id", "x_drawbridge_id")) {
      add(Verdict.ACCEPT, "of the engine " + own, with(GET, new Field(own, "5")));
    }
  }

  private void values() {
    for (char octet = 0; octet < 256; octet++) {
      boolean control = (octet < ' ' && octet != '\t') || octet == 0x7f;
      if (control || octet < '0' || (octet > 0x7e && octet % 16 == 0)) {
        add(
            control ? Verdict.REJECT : Verdict.ACCEPT,
            "value with <" + (int) octet + ">",
            with(GET, new Field("x", "a" + octet + "b")));
      }
    }
    for (String value : List.of(" y", "y ", "\ty", "y\t", " ", SMUGGLED)) {
      add(
          Verdict.REJECT,
          "value " + FramingLines.printable(value),
          with(GET, new Field("x", value)));
    }
    add(Verdict.ACCEPT, "no value", with(GET, new Field("x", "")));
    add(Verdict.ACCEPT, "a field twice", with(GET, new Field("x", "a"), new Field("x", "b")));
    add(
        Verdict.ACCEPT,
        "crumbs",
        with(GET, new Field("cookie", "a=b"), new Field("cookie", "c=d")));
  }

  private void targets() {
    for (String path :
        List.of(
            "allowed",
            "*",
            "http://a.test/allowed",
            "/allowed#a",
            "#",
            "?a",
            "/allowed%",
            "/allowed%zz",
            "/allowed%00",
            "/%c0%af",
            "/allowed\u00e4",
            "/denied",
            "//denied",
            "/x/../denied",
            "/%64enied",
            "/DENIED",
            "/denied;a",
            "\\denied",
            "/\\denied",
            "/x/..%2fdenied",
            "/%2564enied",
            "//x/denied",
            "/denied/x")) {
      add(Verdict.REJECT, "path " + path, set(":path", path));
    }
    for (String method : List.of("get", "G T", "G(T", "GE\u00e4", "GET /denied HTTP/1.1", "-")) {
      add(Verdict.REJECT, "method " + method, set(":method", method));
    }
    add(Verdict.ACCEPT, "a method of others", set(":method", "PROPFIND"));
    for (String scheme : List.of("https", "ftp", "httpx", "http://a.test/", "http/1.1", "file")) {
      add(Verdict.REJECT, "scheme " + scheme, set(":scheme", scheme));
    }
    for (String authority :
        List.of(
            "u@a.test",
            "a.test/x",
            "a.test?x",
            "a.test#x",
            "a:80:80",
            "a:x",
            "a:65536",
            "[::1",
            "\u00e4.test",
            "a\\b",
            "a,b c")) {
      add(Verdict.REJECT, "authority " + authority, set(":authority", authority));
    }
    for (String authority : List.of("A.TEST", "a.test:80", "[::1]:80", "a.test.", "127.0.0.1")) {
      add(Verdict.ACCEPT, "authority " + authority, set(":authority", authority));
    }
  }

  private void body(Verdict verdict, String id, String length, int... sizes) {
    List<Field> post = set(":method", "POST");
    List<Field> fields = length.isEmpty() ? post : with(post, new Field("content-length", length));
    byte[][] frames = new byte[sizes.length + 1][];
    frames[0] = Frames.headers(1, sizes.length == 0, block(fields));
    for (int i = 0; i < sizes.length; i++) {
      frames[i + 1] = Frames.data(1, i == sizes.length - 1, sizes[i]);
    }
    sections.add(new Section(id, verdict, Frames.connection(frames)));
  }

  private void lengths() {
    body(Verdict.ACCEPT, "a body", "", 5);
    body(Verdict.ACCEPT, "a body in pieces", "", 2, 0, 3);
    body(Verdict.ACCEPT, "a body as long as said", "5", 5);
    body(Verdict.ACCEPT, "pieces as long as said", "5", 2, 3);
    body(Verdict.ACCEPT, "zeros in front", "0005", 5);
    body(Verdict.ACCEPT, "nothing, as said", "0");
    body(Verdict.ACCEPT, "an empty frame, as said", "0", 0);
    body(Verdict.REJECT, "nothing, though something is said", "5");
    for (int size : new int[] {0, 4, 6, 50}) {
      body(Verdict.REJECT_LATE, "another length " + size, "5", size);
    }
    body(Verdict.REJECT_LATE, "more in a second frame", "5", 5, 1);
    body(Verdict.REJECT_LATE, "something, though nothing is said", "0", 1);
    for (String length :
        List.of(
            "+5", "-5", "5,5", "5, 5", "0x5", "5 5", "x", "5.0", "18446744073709551621", "\"5\"")) {
      body(Verdict.REJECT, "length " + length, length, 5);
    }
    List<Field> twice =
        with(
            set(":method", "POST"),
            new Field("content-length", "5"),
            new Field("content-length", "5"));
    sections.add(
        new Section(
            "length twice",
            Verdict.REJECT,
            Frames.connection(Frames.headers(1, false, block(twice)), Frames.data(1, true, 5))));
  }

  private void trailer(Verdict verdict, String id, boolean end, Field... trailers) {
    byte[] first = Frames.headers(1, false, block(set(":method", "POST")));
    sections.add(
        new Section(
            "trailers: " + id,
            verdict,
            Frames.connection(
                first,
                Frames.data(1, false, 5),
                Frames.headers(1, end, block(List.of(trailers))))));
  }

  private void trailers() {
    trailer(Verdict.ACCEPT, "as they should be", true, new Field("x-sum", "5"));
    trailer(Verdict.ACCEPT, "none", true);
    trailer(Verdict.REJECT_LATE, "not the end", false, new Field("x-sum", "5"));
    for (String name :
        List.of(
            ":path",
            ":status",
            ":method",
            "content-length",
            "transfer-encoding",
            "connection",
            "te",
            "host",
            "authorization",
            "cookie",
            "content-type",
            "trailer",
            "X-Sum",
            "",
            "expect",
            "range")) {
      trailer(Verdict.REJECT_LATE, name, true, new Field(name, "5"));
    }
    trailer(Verdict.REJECT_LATE, "smuggle", true, new Field("x", SMUGGLED));
  }

  /** The same request, in the ways of RFC 7541 section 6 and RFC 9113 section 6.2 and 6.10. */
  private void writings() {
    byte[] block = block(with(GET, new Field("x", "y")));
    for (int cut = 0; cut <= block.length; cut++) {
      byte[] first = java.util.Arrays.copyOf(block, cut);
      byte[] second = java.util.Arrays.copyOfRange(block, cut, block.length);
      sections.add(
          new Section(
              "continued at " + cut,
              Verdict.ACCEPT,
              Frames.connection(Frames.frame(1, 1, 1, first), Frames.frame(9, 4, 1, second))));
    }
    for (int first : new int[] {0x00, 0x10, 0x40}) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      for (Field field : GET) {
        literal(out, first, field);
      }
      sections.add(
          new Section(
              "literals of kind " + first,
              Verdict.ACCEPT,
              Frames.connection(Frames.headers(1, true, out.toByteArray()))));
    }
    // Index 2 is GET, 6 is http; name 1 and 4 are the authority's and the path's.
    byte[] indexed =
        join(
            new byte[] {(byte) 0x82, (byte) 0x86, 0x01, 6},
            octets("a.test"),
            new byte[] {0x04, 8},
            octets("/allowed"));
    sections.add(
        new Section(
            "indexed", Verdict.ACCEPT, Frames.connection(Frames.headers(1, true, indexed))));
    sections.add(
        new Section(
            "resized",
            Verdict.ACCEPT,
            Frames.connection(
                Frames.headers(
                    1, true, join(new byte[] {0x20, 0x3f, (byte) 0xe1, 0x1f}, indexed)))));
    // Kept, and then named by the index that only the table gives it.
    byte[] kept =
        join(
            new byte[] {(byte) 0x82, (byte) 0x86, 0x41, 6},
            octets("a.test"),
            new byte[] {0x44, 8},
            octets("/allowed"));
    byte[] again = {(byte) 0x82, (byte) 0x86, (byte) 0xbf, (byte) 0xbe};
    sections.add(
        new Section(
            "padded",
            Verdict.ACCEPT,
            Frames.connection(Frames.frame(1, 0xd, 1, join(new byte[] {3}, kept, new byte[3])))));
    sections.add(
        new Section(
            "with a priority",
            Verdict.ACCEPT,
            Frames.connection(Frames.frame(1, 0x25, 1, join(new byte[] {0, 0, 0, 0, 15}, kept)))));
    byte[] evicted = join(kept, new byte[] {0x20}, again);
    sections.add(
        new Section(
            "resized in the middle",
            Verdict.REJECT,
            Frames.connection(Frames.headers(1, true, evicted))));
    sections.add(
        new Section(
            "of no table",
            Verdict.REJECT,
            Frames.connection(Frames.headers(1, true, join(kept, new byte[] {(byte) 0xfa})))));
  }

  static byte[] request(String path) {
    return block(set(":path", path));
  }

  private static byte[] block(List<Field> fields) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (Field field : fields) {
      literal(out, 0, field);
    }
    return out.toByteArray();
  }

  private static void literal(ByteArrayOutputStream out, int first, Field field) {
    out.write(first);
    string(out, field.name());
    string(out, field.value());
  }

  private static void string(ByteArrayOutputStream out, String text) {
    byte[] octets = octets(text);
    if (octets.length < 0x7f) {
      out.write(octets.length);
    } else {
      out.write(0x7f);
      out.write(octets.length - 0x7f);
    }
    out.writeBytes(octets);
  }

  static byte[] octets(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
