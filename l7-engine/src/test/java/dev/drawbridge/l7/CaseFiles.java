package dev.drawbridge.l7;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.drawbridge.l7.streams.Stream;
import dev.drawbridge.l7.streams.Stream.End;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/**
 * More streams, where a checkout has a directory of them beside it: an extra, that no test needs.
 * What every checkout has is generated, by {@code dev.drawbridge.l7.streams}.
 */
final class CaseFiles {
  private static final String CANARY =
      "GET /denied HTTP/1.1\r\nHost: a.test\r\nX-Canary: 1\r\n\r\n";

  /**
   * One stream.
   *
   * @param strict what a strict reader makes of it
   * @param verdict what the source of the case says of it
   * @param requests what a strict reader sees before the end
   * @param exact all that is known of a generated one
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Case(
      String id,
      byte[] bytes,
      String strict,
      String verdict,
      List<Expected> requests,
      @Nullable Stream exact) {
    Case(String id, byte[] bytes, String strict, String verdict, List<Expected> requests) {
      this(id, bytes, strict, verdict, requests, null);
    }

    static Case of(Stream stream) {
      String accepted = "accept-" + stream.requests().size();
      List<Expected> requests = new ArrayList<>();
      for (Stream.Request request : stream.requests()) {
        requests.add(new Expected(request.method(), request.target(), request.body().length()));
      }
      String strict =
          stream.end() == End.WHOLE
              ? accepted
              : stream.end() == End.UNFINISHED
                  ? "wait-then-timeout"
                  : requests.isEmpty() ? "reject" : accepted + "-then-reject";
      return new Case(stream.id(), stream.bytes(), strict, "", requests, stream);
    }

    String text() {
      return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    boolean rejected() {
      return strict.contains("reject") || strict.startsWith("wait") || strict.endsWith("wait");
    }

    /** Whether all of it must arrive. */
    boolean accepted() {
      return strict.matches("accept-\\d+")
          && !verdict.contains("reject")
          && !verdict.contains("or-deny")
          && !verdict.equals("either");
    }
  }

  /** A request that a strict reader sees; body -1 if its length is not told. */
  record Expected(String method, String target, int body) {}

  private CaseFiles() {}

  /** Where they are, said once. */
  private static final @Nullable Path DIRECTORY = find();

  private static @Nullable Path find() {
    Path directory = Path.of("").toAbsolutePath();
    while (directory != null && !Files.isDirectory(directory.resolve("shared/cases"))) {
      directory = directory.getParent();
    }
    Path found = directory == null ? null : directory.resolve("shared/cases");
    System.out.println(
        found == null
            ? "streams: those that are generated"
            : "streams: those that are generated, and the extra ones beside the checkout");
    return found;
  }

  /** Those of the names that are there: all of them or none. */
  static List<String> extra(String... names) {
    return DIRECTORY == null ? List.of() : List.of(names);
  }

  /** The rows of a file; none where it is not. */
  static List<JsonObject> rows(String file) throws IOException {
    List<JsonObject> rows = new ArrayList<>();
    if (DIRECTORY != null) {
      for (String line : Files.readAllLines(DIRECTORY.resolve(file))) {
        rows.add(JsonParser.parseString(line).getAsJsonObject());
      }
    }
    return rows;
  }

  /** The streams of a file whose rows hold whole streams. */
  static List<Case> streams(String file) throws IOException {
    List<Case> cases = new ArrayList<>();
    for (JsonObject row : rows(file)) {
      JsonElement strict = row.get("strict");
      if (strict != null && strict.isJsonObject() && !text(row, "side").equals("response")) {
        JsonObject object = strict.getAsJsonObject();
        cases.add(
            new Case(
                text(row, "id"),
                raw(row),
                object.get("verdict").getAsString(),
                text(row, "verdict"),
                expected(object.getAsJsonArray("requests"))));
      }
    }
    return cases;
  }

  private static List<Expected> expected(JsonArray requests) {
    List<Expected> expected = new ArrayList<>();
    for (JsonElement element : requests) {
      JsonObject request = element.getAsJsonObject();
      expected.add(
          new Expected(
              request.get("method").getAsString(),
              request.get("target").getAsString(),
              request.get("body").getAsInt()));
    }
    return expected;
  }

  /** The mutated header lines, each in its templates. */
  static List<Case> mutations() throws IOException {
    List<Case> cases = new ArrayList<>();
    for (JsonObject row : rows("h1-mutations.jsonl")) {
      String line =
          new String(
              Base64.getDecoder().decode(text(row, "line_b64")), StandardCharsets.ISO_8859_1);
      List<String> visible = new ArrayList<>();
      row.getAsJsonArray("denied_visible_in").forEach(name -> visible.add(name.getAsString()));
      for (var template : row.getAsJsonObject("strict").entrySet()) {
        String strict = template.getValue().getAsString();
        int space = strict.indexOf(' ');
        cases.add(
            new Case(
                text(row, "id") + " in " + template.getKey(),
                stream(template.getKey(), line).getBytes(StandardCharsets.ISO_8859_1),
                space < 0 ? strict : strict.substring(0, space),
                visible.contains(template.getKey()) ? "denied-visible" : "",
                List.of()));
      }
    }
    return cases;
  }

  private static String stream(String template, String line) {
    String post = "POST /allowed HTTP/1.1\r\nHost: a.test\r\n";
    return switch (template) {
      case "CL.TE" -> {
        String body = "0\r\n\r\n" + CANARY;
        yield post + "Content-Length: " + body.length() + "\r\n" + line + "\r\n\r\n" + body;
      }
      case "TE.CL" -> {
        String size = Integer.toHexString(CANARY.length());
        yield post
            + ("Content-Length: " + (size.length() + 2) + "\r\n" + line + "\r\n\r\n")
            + (size + "\r\n" + CANARY + "\r\n0\r\n\r\n");
      }
      case "TE-only" -> post + line + "\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + CANARY;
      case "CL.0" -> post + length(line, CANARY.length()) + "\r\n\r\n" + CANARY;
      case "CL-GET" ->
          post.replace("POST", "GET") + length(line, CANARY.length()) + "\r\n\r\n" + CANARY;
      case "0.CL" -> {
        String before = "GET /denied HTTP/1.1\r\nX: ";
        yield post
            + length(line, before.length())
            + ("\r\n\r\n" + before + "GET /allowed2 HTTP/1.1\r\nHost: a.test\r\n\r\n");
      }
      default -> throw new IllegalArgumentException(template);
    };
  }

  private static String length(String line, int length) {
    return line.replace("{CL}", Integer.toString(length))
        .replace("{CLn}", Integer.toString(length));
  }

  private static byte[] raw(JsonObject row) throws IOException {
    JsonElement plain = row.get("raw_b64");
    if (plain != null) {
      return Base64.getDecoder().decode(plain.getAsString());
    }
    byte[] packed = Base64.getDecoder().decode(row.get("raw_zlib_b64").getAsString());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (InflaterInputStream in = new InflaterInputStream(new ByteArrayInputStream(packed))) {
      in.transferTo(out);
    }
    return out.toByteArray();
  }

  static String text(JsonObject row, String name) {
    JsonElement element = row.get(name);
    return element == null || element.isJsonNull()
        ? ""
        : element.getAsString().toLowerCase(Locale.ROOT).equals("null")
            ? ""
            : element.getAsString();
  }
}
