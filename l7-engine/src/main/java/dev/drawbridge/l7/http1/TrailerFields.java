package dev.drawbridge.l7.http1;

import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The fields after the last chunk. Those that frame, route, authenticate or describe are refused.
 */
final class TrailerFields extends Head {
  /** RFC 9110 section 6.5.1. */
  private static final Set<String> FORBIDDEN =
      Set.of(
          "authorization",
          "cache-control",
          "content-encoding",
          "content-range",
          "content-type",
          "cookie",
          "max-forwards",
          "pragma",
          "proxy-authorization",
          "range",
          "set-cookie",
          "trailer",
          "www-authenticate");

  TrailerFields(HeadLimits limits) {
    super(limits);
    clear();
  }

  @Override
  boolean hasStartLine() {
    return false;
  }

  @Override
  Fault tooLong() {
    return Fault.TRAILER_LENGTH;
  }

  @Override
  int maxStartLineBytes() {
    return 0;
  }

  @Override
  int maxFieldBytes() {
    return limits.trailers();
  }

  @Override
  @Nullable Fault startLine(int start, int end) {
    return Fault.START_LINE;
  }

  @Override
  @Nullable Fault complete() {
    for (int i = 0; i < count(); i++) {
      if (name(i) != FieldName.OTHER
          || FORBIDDEN.contains(text(nameStart(i), nameEnd(i)).toLowerCase(Locale.ROOT))) {
        return Fault.TRAILER;
      }
    }
    return null;
  }
}
