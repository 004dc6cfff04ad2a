package dev.drawbridge.policy.http;

import java.util.List;
import java.util.Locale;

/** Which content types say that a request is gRPC: PROTOCOL-HTTP2.md and PROTOCOL-WEB.md. */
public enum GrpcContentType {
  /** Not gRPC. */
  NONE,
  /** {@code application/grpc}, alone or with {@code +proto} or the like. */
  GRPC,
  /** {@code application/grpc-web} or {@code application/grpc-web-text}, likewise. */
  WEB;

  private static final String PREFIX = "application/grpc";

  /** What one value of the field says. */
  public static GrpcContentType of(String value) {
    String type = value.strip();
    if (!startsWith(type, PREFIX)) {
      return NONE;
    }
    int end = PREFIX.length();
    if (isEnd(type, end)) {
      return GRPC;
    }
    for (String web : WEBS) {
      if (startsWith(type, web) && isEnd(type, web.length())) {
        return WEB;
      }
    }
    return NONE;
  }

  private static final List<String> WEBS = List.of(PREFIX + "-web", PREFIX + "-web-text");

  /** What all values of the field say together: one that is not gRPC makes the request none. */
  public static GrpcContentType of(Headers headers) {
    List<String> values = headers.all("content-type");
    GrpcContentType all = NONE;
    for (int i = 0; i < values.size(); i++) {
      GrpcContentType one = of(values.get(i));
      if (one == NONE) {
        return NONE;
      }
      all = one;
    }
    return all;
  }

  private static boolean startsWith(String type, String prefix) {
    return type.regionMatches(true, 0, prefix, 0, prefix.length());
  }

  /** The type ends here, or goes on with a message format or parameters. */
  private static boolean isEnd(String type, int at) {
    if (at == type.length()) {
      return true;
    }
    char c = type.charAt(at);
    return c == '+' || c == ';' || c == ' ' || c == '\t';
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
