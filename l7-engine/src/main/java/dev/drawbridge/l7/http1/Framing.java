package dev.drawbridge.l7.http1;

/** How the end of a body is known. RFC 9112 section 6.3. */
public enum Framing {
  NONE,
  LENGTH,
  CHUNKED,
  /** By the end of the connection; answers only. */
  UNTIL_CLOSE
}
