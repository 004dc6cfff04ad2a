package dev.drawbridge.l7.http;

import dev.drawbridge.policy.Ending;
import dev.drawbridge.policy.Reason;
import dev.drawbridge.policy.RuleInfo;
import dev.drawbridge.policy.ask.Lack;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * An answer of the engine's own. Says what the client may know: which rule, between whom, and an id
 * to ask the operator with.
 *
 * @param error one word for programs
 * @param reason the slug of a reason or, where policy had nothing against it, of an ending
 * @param rule null where no rule decided
 * @param lack whose side has no rule; null for any other reason
 */
public record Refusal(
    int status,
    String error,
    String reason,
    String message,
    @Nullable RuleInfo rule,
    @Nullable Lack lack,
    String from,
    String to,
    String requestId) {

  public ByteBuf encode(
      ByteBufAllocator allocator, boolean bodiless, boolean close, boolean version10) {
    byte[] body = body().getBytes(StandardCharsets.UTF_8);
    StringBuilder head = new StringBuilder(256);
    head.append("HTTP/1.1 ").append(status).append(' ').append(phrase(status)).append("\r\n");
    head.append("Content-Type: application/json\r\nCache-Control: no-store\r\n");
    head.append("Drawbridge-Request-Id: ").append(requestId).append("\r\n");
    head.append("Content-Length: ").append(body.length).append("\r\n");
    if (status == 405) {
      head.append("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n");
    }
    if (close) {
      head.append("Connection: close\r\n");
    } else if (version10) {
      head.append("Connection: keep-alive\r\n");
    }
    head.append("\r\n");
    byte[] start = head.toString().getBytes(StandardCharsets.ISO_8859_1);
    ByteBuf out = allocator.directBuffer(start.length + body.length);
    out.writeBytes(start);
    if (!bodiless) {
      out.writeBytes(body);
    }
    return out;
  }

  /**
   * The same for gRPC-Web, and for gRPC that came by HTTP/1: PROTOCOL-WEB.md wants the trailers in
   * the head when there is no body. Says nothing of the policy.
   *
   * @param type the content type to answer with
   */
  public ByteBuf encodeTrailersOnly(
      ByteBufAllocator allocator, String type, boolean close, boolean version10) {
    StringBuilder head = new StringBuilder(256);
    head.append("HTTP/1.1 200 OK\r\nContent-Type: ").append(type).append("\r\n");
    head.append("Cache-Control: no-store\r\nGrpc-Status: 7\r\n");
    head.append("Grpc-Message: ").append(encode(message)).append("\r\n");
    head.append("Drawbridge-Request-Id: ").append(requestId).append("\r\n");
    head.append("Content-Length: 0\r\n");
    if (close) {
      head.append("Connection: close\r\n");
    } else if (version10) {
      head.append("Connection: keep-alive\r\n");
    }
    byte[] bytes = head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    return allocator.directBuffer(bytes.length).writeBytes(bytes);
  }

  /** What HTTP calls it when something ends so before its answer has begun. */
  public static int status(Ending how) {
    return switch (how) {
      case UPSTREAM_REFUSED, UPSTREAM_BROKEN -> 502;
      case UPSTREAM_TIMEOUT -> 504;
      case TIMED_OUT -> 408;
      case UNAVAILABLE, COMPLETED, CLIENT_GONE, LIMIT, DRAINED, RESET -> 503;
    };
  }

  public String body() {
    StringBuilder out = new StringBuilder(256);
    out.append("{\"error\":");
    quote(out, error);
    out.append(",\"reason\":");
    quote(out, reason);
    out.append(",\"message\":");
    quote(out, message);
    out.append(",\"rule\":");
    if (rule == null) {
      out.append("null");
    } else {
      quote(out, rule.origin().display());
    }
    if (lack != null) {
      out.append(",\"side\":");
      quote(out, lack.who());
      out.append(",\"nearest\":");
      lack.nearest().ifPresentOrElse(nearest -> quote(out, nearest), () -> out.append("null"));
    }
    out.append(",\"from\":");
    quote(out, from);
    out.append(",\"to\":");
    quote(out, to);
    out.append(",\"requestId\":");
    quote(out, requestId);
    return out.append("}\n").toString();
  }

  /** What a denial says in words. */
  public static String message(Reason reason, @Nullable Lack lack) {
    return lack == null
        ? reason.sentence()
        : "the " + lack.who() + "'s side is closed and no rule allows it";
  }

  /** Percent-encoding of gRPC's status messages: all but printable ASCII, and the percent sign. */
  public static String encode(String message) {
    StringBuilder out = new StringBuilder(message.length() + 8);
    for (byte octet : message.getBytes(StandardCharsets.UTF_8)) {
      if (octet >= 0x20 && octet < 0x7f && octet != '%') {
        out.append((char) octet);
      } else {
        out.append('%')
            .append(Character.toUpperCase(Character.forDigit((octet >> 4) & 15, 16)))
            .append(Character.toUpperCase(Character.forDigit(octet & 15, 16)));
      }
    }
    return out.toString();
  }

  private static void quote(StringBuilder out, String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < 0x20 || c == 0x7f) {
        out.append("\\u00")
            .append(Character.forDigit(c >> 4, 16))
            .append(Character.forDigit(c & 15, 16));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  private static String phrase(int status) {
    return switch (status) {
      case 400 -> "Bad Request";
      case 403 -> "Forbidden";
      case 405 -> "Method Not Allowed";
      case 408 -> "Request Timeout";
      case 413 -> "Content Too Large";
      case 414 -> "URI Too Long";
      case 431 -> "Request Header Fields Too Large";
      case 501 -> "Not Implemented";
      case 502 -> "Bad Gateway";
      case 503 -> "Service Unavailable";
      case 504 -> "Gateway Timeout";
      case 505 -> "HTTP Version Not Supported";
      default -> "Refused";
    };
  }
}
