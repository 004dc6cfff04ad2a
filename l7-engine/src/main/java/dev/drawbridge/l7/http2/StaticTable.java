package dev.drawbridge.l7.http2;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** RFC 7541 appendix A: fields 1 to 61. */
final class StaticTable {
  static final int LENGTH = 61;

  private static final String TABLE =
      """
      :authority:
      :method: GET
      :method: POST
      :path: /
      :path: /index.html
      :scheme: http
      :scheme: https
      :status: 200
      :status: 204
      :status: 206
      :status: 304
      :status: 400
      :status: 404
      :status: 500
      accept-charset:
      accept-encoding: gzip, deflate
      accept-language:
      accept-ranges:
      accept:
      access-control-allow-origin:
      age:
      allow:
      authorization:
      cache-control:
      content-disposition:
      content-encoding:
      content-language:
      content-length:
      content-location:
      content-range:
      content-type:
      cookie:
      date:
      etag:
      expect:
      expires:
      from:
      host:
      if-match:
      if-modified-since:
      if-none-match:
      if-range:
      if-unmodified-since:
      last-modified:
      link:
      location:
      max-forwards:
      proxy-authenticate:
      proxy-authorization:
      range:
      referer:
      refresh:
      retry-after:
      server:
      set-cookie:
      strict-transport-security:
      transfer-encoding:
      user-agent:
      vary:
      via:
      www-authenticate:
      """;

  private static final Field[] FIELDS = new Field[LENGTH + 1];
  private static final Map<String, Integer> NAMES = new HashMap<>();

  static {
    List<String> lines = TABLE.lines().toList();
    for (int i = 1; i <= LENGTH; i++) {
      String line = lines.get(i - 1);
      int colon = line.indexOf(':', 1);
      String name = line.substring(0, colon);
      String value = line.substring(colon + 1).strip();
      FIELDS[i] =
          new Field(
              name.getBytes(StandardCharsets.ISO_8859_1),
              value.getBytes(StandardCharsets.ISO_8859_1),
              i);
      NAMES.putIfAbsent(name, i);
    }
  }

  private StaticTable() {}

  /** The field of an index from 1 to 61. */
  static Field field(int index) {
    return FIELDS[index];
  }

  /** The first field of that name, 0 if there is none. */
  static int indexOfName(byte[] name) {
    return NAMES.getOrDefault(new String(name, StandardCharsets.ISO_8859_1), 0);
  }

  /** The field itself, 0 if it is not there. */
  static int indexOf(Field field) {
    int index = field.staticName;
    if (index == 0) {
      return 0;
    }
    for (int i = index; i <= LENGTH && Arrays.equals(FIELDS[i].name, field.name); i++) {
      if (Arrays.equals(FIELDS[i].value, field.value)) {
        return i;
      }
    }
    return 0;
  }
}
